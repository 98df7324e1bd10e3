using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Configuration;

/// <summary>How the linear layers of the base model are quantised while it is loaded: the words of <c>BitsAndBytesConfig</c>, alone or under <c>quantization_config</c>.</summary>
internal static class QuantizationKeys
{
    /// <summary>The key under which the others may stand together, as in Transformers.</summary>
    public const string Nested = "quantization_config";

    private static readonly QuantizationConfig Defaults = new();

    public static readonly ConfigKey<bool> LoadIn4Bit = new(ConfigTypes.Switch, "load_in_4bit", false, "QLoRA: quantise the frozen linear layers to 4 bits while loading");

    public static readonly ConfigKey<bool> LoadIn8Bit = new(ConfigTypes.Switch, "load_in_8bit", false, "LLM.int8(): quantise the frozen linear layers to 8 bits while loading");

    public static readonly ConfigKey<FourBitType> QuantType = new(
        ConfigTypes.Word(("nf4", FourBitType.NF4), ("fp4", FourBitType.FP4)), "bnb_4bit_quant_type", FourBitType.NF4, "what 4-bit codes stand for: nf4 (TRL's default) or fp4 (Transformers')");

    public static readonly ConfigKey<bool> UseDoubleQuant = new(
        ConfigTypes.Switch, "bnb_4bit_use_double_quant", Defaults.Bnb4BitUseDoubleQuant, "quantise the scales of the 4-bit codes too", "use_bnb_nested_quant", "use_nested_quant");

    public static readonly ConfigKey<DType> ComputeDType = new(
        ConfigTypes.FloatType, "bnb_4bit_compute_dtype", Defaults.Bnb4BitComputeDType, "what 4-bit layers round their inputs and outputs to");

    public static readonly ConfigKey<int> BlockSize = new(ConfigTypes.Integer, "bnb_4bit_blocksize", Defaults.Bnb4BitBlockSize, "weights that share a scale, in 4 bits");

    public static readonly ConfigKey<double> Threshold = new(
        ConfigTypes.Number, "llm_int8_threshold", Defaults.LlmInt8Threshold, "inputs from this magnitude on are outliers, multiplied in full precision; 8 bits only");

    public static readonly ConfigKey<IReadOnlyList<string>?> SkipModules = new(
        ConfigTypes.OptionalNames, "llm_int8_skip_modules", null, "modules that are not quantised, in 4 bits too; default: the head");

    public static IReadOnlyList<ConfigKey> All { get; } = [LoadIn4Bit, LoadIn8Bit, QuantType, UseDoubleQuant, ComputeDType, BlockSize, Threshold, SkipModules];
}
