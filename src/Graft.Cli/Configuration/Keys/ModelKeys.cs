namespace Graft.Cli.Configuration;

/// <summary>How weights are changed.</summary>
internal enum TrainingMethod
{
    /// <summary>Low-rank adapters (Hu et al. 2021).</summary>
    Lora,

    /// <summary>All weights of the model.</summary>
    Full,

    /// <summary>Scaled activations (Liu et al. 2022).</summary>
    Ia3,
}

/// <summary>Which model is trained, and by which method.</summary>
internal static class ModelKeys
{
    public static readonly ConfigKey<string?> Model = new(ConfigTypes.InputPath, "model_name_or_path", null, "the base model: a folder as Hugging Face lays it out, or a GGUF file", "model", "base_model", "model_path");

    public static readonly ConfigKey<string?> Tokenizer = new(ConfigTypes.InputPath, "tokenizer_name_or_path", null, "folder (or GGUF file) of the tokenizer, where it is not the model's", "tokenizer", "tokenizer_name");

    public static readonly ConfigKey<string?> Adapter = new(ConfigTypes.InputPath, "adapter_name_or_path", null, "adapter folder to train further, instead of a new adapter", "adapter");

    public static readonly ConfigKey<TrainingMethod> Method = new(
        ConfigTypes.Word(("lora", TrainingMethod.Lora), ("full", TrainingMethod.Full), ("ia3", TrainingMethod.Ia3)), "method", TrainingMethod.Lora, "what is trained: low-rank adapters, all weights, or (IA)3 vectors", "finetuning_type", "peft_type");

    public static readonly ConfigKey<bool?> UsePeft = new(ConfigTypes.OptionalSwitch, "use_peft", null, "TRL's word: false is method: full");

    public static IReadOnlyList<ConfigKey> All { get; } = [Model, Tokenizer, Adapter, Method, UsePeft];
}
