using System.Text.Json;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>How the linear layers of a model are quantised: Hugging Face's <c>BitsAndBytesConfig</c>, field for field.</summary>
public sealed record QuantizationConfig
{
    private const string Method = "bitsandbytes";

    // Written by Transformers, without a meaning of their own here.
    private static readonly string[] Ignored = ["_load_in_4bit", "_load_in_8bit", "llm_int8_enable_fp32_cpu_offload", "quant_method"];

    /// <summary><c>load_in_4bit</c>: NF4 or FP4.</summary>
    public bool LoadIn4Bit { get; init; }

    /// <summary><c>load_in_8bit</c>: LLM.int8().</summary>
    public bool LoadIn8Bit { get; init; }

    /// <summary><c>bnb_4bit_quant_type</c>: what the 4-bit codes stand for.</summary>
    public FourBitType Bnb4BitQuantType { get; init; } = FourBitType.FP4;

    /// <summary><c>bnb_4bit_use_double_quant</c>: whether the scales are quantised too.</summary>
    public bool Bnb4BitUseDoubleQuant { get; init; }

    /// <summary><c>bnb_4bit_compute_dtype</c>: what 4-bit layers round their inputs and outputs to.</summary>
    public DType Bnb4BitComputeDType { get; init; } = DType.Float32;

    /// <summary><c>bnb_4bit_quant_storage</c>: what the bytes of 4-bit codes are called in a file.</summary>
    public DType Bnb4BitQuantStorage { get; init; } = DType.UInt8;

    /// <summary><c>bnb_4bit_blocksize</c>: elements that share a scale.</summary>
    public int Bnb4BitBlockSize { get; init; } = 64;

    /// <summary><c>llm_int8_threshold</c>: magnitude from which an input counts as an outlier.</summary>
    public double LlmInt8Threshold { get; init; } = 6;

    /// <summary><c>llm_int8_skip_modules</c>: modules that stay as they are, in 4-bit models too; null for the usual ones. A list replaces those.</summary>
    public IReadOnlyList<string>? LlmInt8SkipModules { get; init; }

    /// <summary>Reads the <c>quantization_config</c> of a config.json.</summary>
    /// <param name="config">The config.json.</param>
    /// <returns>Null where the model is not quantised.</returns>
    /// <exception cref="NotSupportedException">Another method than bitsandbytes.</exception>
    /// <exception cref="InvalidDataException">A field is unknown or impossible.</exception>
    public static QuantizationConfig? Of(ConfigReader config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.Section("quantization_config") is { } section ? Read(section) : null;
    }

    /// <summary>Reads the fields.</summary>
    /// <param name="reader">The object that holds them.</param>
    /// <inheritdoc cref="Of" path="exception"/>
    public static QuantizationConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        string method = reader.Text(Method, "quant_method");
        if (method != Method)
        {
            throw new NotSupportedException(reader.Error($"models quantised by {method} are not supported; those by {Method} are. Load the model in full precision, or as a GGUF file").Message);
        }

        var config = new QuantizationConfig
        {
            LoadIn4Bit = reader.Flag(false, "load_in_4bit"),
            LoadIn8Bit = reader.Flag(false, "load_in_8bit"),
            Bnb4BitQuantType = reader.Text("fp4", "bnb_4bit_quant_type") switch
            {
                "nf4" => FourBitType.NF4,
                "fp4" => FourBitType.FP4,
                { } other => throw reader.Error($"bnb_4bit_quant_type '{other}' is unknown; nf4 and fp4 are known"),
            },
            Bnb4BitUseDoubleQuant = reader.Flag(false, "bnb_4bit_use_double_quant"),
            Bnb4BitComputeDType = DTypeOf(reader, "bnb_4bit_compute_dtype", "float32"),
            Bnb4BitQuantStorage = DTypeOf(reader, "bnb_4bit_quant_storage", "uint8"),
            Bnb4BitBlockSize = reader.SizeOr(64, "bnb_4bit_blocksize"),
            LlmInt8Threshold = reader.Number(6, "llm_int8_threshold"),
            LlmInt8SkipModules = Texts(reader, "llm_int8_skip_modules"),
        };
        config.RefuseOthers(reader);
        config.Check(reader.Error);
        return config;
    }

    /// <summary>Checks that the fields fit together.</summary>
    /// <exception cref="ArgumentException">They do not; the message says which.</exception>
    public void Check() => Check(message => new ArgumentException(message));

    /// <summary>Writes the fields as Transformers does.</summary>
    /// <param name="json">Where; at the value of a property.</param>
    public void Write(Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        json.WriteStartObject();
        json.WriteBoolean("_load_in_4bit", LoadIn4Bit);
        json.WriteBoolean("_load_in_8bit", LoadIn8Bit);
        if (Bnb4BitBlockSize != 64)
        {
            json.WriteNumber("bnb_4bit_blocksize", Bnb4BitBlockSize);
        }

        json.WriteString("bnb_4bit_compute_dtype", NameOf(Bnb4BitComputeDType));
        json.WriteString("bnb_4bit_quant_storage", NameOf(Bnb4BitQuantStorage));
        json.WriteString("bnb_4bit_quant_type", Bnb4BitQuantType == FourBitType.NF4 ? "nf4" : "fp4");
        json.WriteBoolean("bnb_4bit_use_double_quant", Bnb4BitUseDoubleQuant);
        json.WriteBoolean("llm_int8_enable_fp32_cpu_offload", false);
        json.WriteBoolean("llm_int8_has_fp16_weight", false);
        json.WritePropertyName("llm_int8_skip_modules");
        WriteSkips(json);
        json.WritePropertyName("llm_int8_threshold");
        json.WriteRawValue(Formats.PythonNumber.Float(LlmInt8Threshold));
        json.WriteBoolean("load_in_4bit", LoadIn4Bit);
        json.WriteBoolean("load_in_8bit", LoadIn8Bit);
        json.WriteString("quant_method", Method);
        json.WriteEndObject();
    }

    private void WriteSkips(Utf8JsonWriter json)
    {
        if (LlmInt8SkipModules is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartArray();
        foreach (string name in LlmInt8SkipModules)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private void Check(Func<string, Exception> error)
    {
        if (LoadIn4Bit == LoadIn8Bit)
        {
            throw error(LoadIn4Bit ? "load_in_4bit and load_in_8bit cannot both be true" : "load_in_4bit or load_in_8bit must be true");
        }

        if (!(LlmInt8Threshold >= 0) || !double.IsFinite(LlmInt8Threshold))
        {
            throw error($"llm_int8_threshold must be 0 or more, but is {LlmInt8Threshold}");
        }

        if (!Bnb4BitComputeDType.IsWeightType())
        {
            throw error($"bnb_4bit_compute_dtype must be float32, bfloat16 or float16, but is {NameOf(Bnb4BitComputeDType)}");
        }

        try
        {
            FourBitMatrix.CheckBlockSize(Bnb4BitBlockSize);
        }
        catch (ArgumentException e)
        {
            throw error($"bnb_4bit_blocksize: {e.Message}");
        }
    }

    private void RefuseOthers(ConfigReader reader)
    {
        if (reader.Flag(false, "llm_int8_has_fp16_weight"))
        {
            throw new NotSupportedException(reader.Error("llm_int8_has_fp16_weight (training of 8-bit weights themselves) is not supported: set it to false and train an adapter").Message);
        }

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            (this with { Bnb4BitBlockSize = 32 }).Write(json);
        }

        using JsonDocument known = JsonDocument.Parse(stream.ToArray());
        foreach (JsonProperty field in reader.Root.EnumerateObject().Where(field => !Ignored.Contains(field.Name) && !known.RootElement.TryGetProperty(field.Name, out _)))
        {
            throw reader.Error($"'{field.Name}' is not a field of bitsandbytes' configuration; known are {string.Join(", ", known.RootElement.EnumerateObject().Select(one => one.Name).Where(name => !Ignored.Contains(name)))}");
        }
    }

    private static DType DTypeOf(ConfigReader reader, string field, string usual)
    {
        string name = reader.Text(usual, field);
        return (name.StartsWith("torch.", StringComparison.Ordinal) ? name["torch.".Length..] : name) switch
        {
            "float32" => DType.Float32,
            "bfloat16" => DType.BFloat16,
            "float16" => DType.Float16,
            "uint8" => DType.UInt8,
            _ => throw reader.Error($"{field} '{name}' is unknown; float32, bfloat16, float16 and uint8 are known"),
        };
    }

    private static string NameOf(DType dtype) => dtype switch
    {
        DType.Float32 => "float32",
        DType.BFloat16 => "bfloat16",
        DType.Float16 => "float16",
        _ => "uint8",
    };

    private static string[]? Texts(ConfigReader reader, string field)
    {
        if (!reader.Root.TryGetProperty(field, out JsonElement list) || list.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : throw reader.Error($"{field} must be a list of module names, but is {list.GetRawText()}");
    }
}
