using System.Text.Json;
using Graft.Tensors;

namespace Graft.Models.Tests.Quantization;

public class QuantizationConfigTests
{
    [Fact]
    public void The_fields_are_those_of_BitsAndBytesConfig_with_its_defaults()
    {
        QuantizationConfig config = Read("""{"load_in_4bit": true, "quant_method": "bitsandbytes"}""");
        Assert.Equal(new QuantizationConfig { LoadIn4Bit = true }, config);
        Assert.Equal((FourBitType.FP4, false, DType.Float32, DType.UInt8, 64, 6.0), (config.Bnb4BitQuantType, config.Bnb4BitUseDoubleQuant, config.Bnb4BitComputeDType, config.Bnb4BitQuantStorage, config.Bnb4BitBlockSize, config.LlmInt8Threshold));
        config = Read("""
            {"_load_in_4bit": true, "_load_in_8bit": false, "bnb_4bit_compute_dtype": "torch.bfloat16", "bnb_4bit_quant_storage": "float16", "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true,
             "bnb_4bit_blocksize": 128, "llm_int8_enable_fp32_cpu_offload": false, "llm_int8_has_fp16_weight": false, "llm_int8_skip_modules": ["lm_head", "q_proj"], "llm_int8_threshold": 5.5,
             "load_in_4bit": true, "load_in_8bit": false, "quant_method": "bitsandbytes"}
            """);
        Assert.Equal((FourBitType.NF4, true, DType.BFloat16, DType.Float16, 128, 5.5), (config.Bnb4BitQuantType, config.Bnb4BitUseDoubleQuant, config.Bnb4BitComputeDType, config.Bnb4BitQuantStorage, config.Bnb4BitBlockSize, config.LlmInt8Threshold));
        Assert.Equal(["lm_head", "q_proj"], config.LlmInt8SkipModules!);
    }

    [Theory]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": true, "bnb_4bit_compute_dtype": "float16", "bnb_4bit_blocksize": 256, "llm_int8_skip_modules": ["lm_head"]}""")]
    [InlineData("""{"load_in_8bit": true, "llm_int8_threshold": 0.0, "llm_int8_skip_modules": null}""")]
    public void What_is_written_is_read_again(string text)
    {
        QuantizationConfig config = Read(text);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            config.Write(json);
        }

        string written = System.Text.Encoding.UTF8.GetString(stream.ToArray());
        QuantizationConfig again = Read(written);
        Assert.Equal(config with { LlmInt8SkipModules = null }, again with { LlmInt8SkipModules = null });
        Assert.Equal(config.LlmInt8SkipModules, again.LlmInt8SkipModules);
        Assert.Contains("\"quant_method\":\"bitsandbytes\"", written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "load_in_4bit or load_in_8bit must be true")]
    [InlineData("""{"load_in_4bit": true, "load_in_8bit": true}""", "cannot both be true")]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_quant_type": "nf3"}""", "'nf3' is unknown")]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_compute_dtype": "int8"}""", "'int8' is unknown")]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_compute_dtype": "uint8"}""", "must be float32, bfloat16 or float16")]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_blocksize": 100}""", "bnb_4bit_blocksize")]
    [InlineData("""{"load_in_8bit": true, "llm_int8_threshold": -1}""", "llm_int8_threshold must be 0 or more")]
    [InlineData("""{"load_in_8bit": true, "llm_int8_skip_modules": "lm_head"}""", "must be a list of module names")]
    [InlineData("""{"load_in_4bit": true, "bnb_4bit_quant_typ": "nf4"}""", "'bnb_4bit_quant_typ' is not a field")]
    public void Impossible_fields_are_refused(string text, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"quant_method": "gptq", "bits": 4}""", "quantised by gptq")]
    [InlineData("""{"load_in_8bit": true, "llm_int8_has_fp16_weight": true}""", "llm_int8_has_fp16_weight")]
    public void What_is_not_supported_is_named(string text, string message)
        => Assert.Contains(message, Assert.Throws<NotSupportedException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_model_without_the_section_is_not_quantised() => Assert.Null(QuantizationConfig.Of(ConfigReader.Parse("{}")));

    private static QuantizationConfig Read(string text) => QuantizationConfig.Of(ConfigReader.Parse($$"""{"quantization_config": {{text}}}"""))!;
}
