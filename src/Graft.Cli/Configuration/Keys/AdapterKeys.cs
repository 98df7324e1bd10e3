using Graft.Peft;

namespace Graft.Cli.Configuration;

/// <summary>What a model is trained to do, by PEFT's names: the model's kind says which one it can be.</summary>
internal enum TaskType
{
    /// <summary>Continue texts.</summary>
    CausalLm,

    /// <summary>Read one text and write another.</summary>
    Seq2SeqLm,
}

/// <summary>The adapter: PEFT's words and defaults.</summary>
internal static class AdapterKeys
{
    private static readonly LoraConfig Defaults = new();

    public static readonly ConfigKey<int> R = new(ConfigTypes.Integer, "lora_r", Defaults.R, "rank: more learns more and costs more", "r", "lora_rank");

    public static readonly ConfigKey<double> Alpha = new(ConfigTypes.Number, "lora_alpha", Defaults.LoraAlpha, "strength: the adapter's output is scaled by lora_alpha / lora_r");

    public static readonly ConfigKey<double> Dropout = new(ConfigTypes.Number, "lora_dropout", Defaults.LoraDropout, "probability that an input of the adapter is dropped in training");

    public static readonly ConfigKey<ModuleSelection?> TargetModules = new(
        ConfigTypes.Modules, "target_modules", null, "layers to adapt: names, a regular expression over whole paths, or all-linear; default: the family's usual ones", "lora_target_modules", "lora_target");

    public static readonly ConfigKey<ModuleSelection?> ExcludeModules = new(ConfigTypes.Modules, "exclude_modules", null, "layers to leave out: names, or a regular expression over whole paths");

    public static readonly ConfigKey<IReadOnlyList<int>> LayersToTransform = new(ConfigTypes.Integers, "layers_to_transform", [], "numbers of the blocks to adapt; default: all");

    public static readonly ConfigKey<ModuleSelection?> LayersPattern = new(ConfigTypes.Modules, "layers_pattern", null, "name of the list of blocks, for layers_to_transform in unusual models");

    public static readonly ConfigKey<IReadOnlyList<string>> ModulesToSave = new(ConfigTypes.Names, "modules_to_save", [], "modules that are trained and saved whole beside the adapter", "lora_modules_to_save");

    public static readonly ConfigKey<string?> Bias = new(ConfigTypes.Text, "bias", Defaults.Bias, "biases of the base model that are trained too: none, all or lora_only");

    public static readonly ConfigKey<bool> UseRslora = new(ConfigTypes.Switch, "use_rslora", Defaults.UseRslora, "scale by lora_alpha / sqrt(lora_r): high ranks learn as fast as low ones");

    public static readonly ConfigKey<bool> UseDora = new(ConfigTypes.Switch, "use_dora", Defaults.UseDora, "split weights into magnitude and direction (DoRA)");

    public static readonly ConfigKey<bool> LoraBias = new(ConfigTypes.Switch, "lora_bias", Defaults.LoraBias, "give the adapter's second matrix a bias");

    public static readonly ConfigKey<IReadOnlyDictionary<string, int>> RankPattern = new(ConfigTypes.IntegerMap, "rank_pattern", Defaults.RankPattern, "ranks of layers whose path ends with the key");

    public static readonly ConfigKey<IReadOnlyDictionary<string, double>> AlphaPattern = new(ConfigTypes.NumberMap, "alpha_pattern", Defaults.AlphaPattern, "alphas of layers whose path ends with the key");

    public static readonly ConfigKey<string?> InitLoraWeights = new(ConfigTypes.Text, "init_lora_weights", "true", "how the adapter starts: true (changes nothing), gaussian (changes nothing), or false (random)");

    public static readonly ConfigKey<bool> FanInFanOut = new(ConfigTypes.Switch, "fan_in_fan_out", Defaults.FanInFanOut, "whether weights are stored [in, out]; corrected to what the layers are");

    public static readonly ConfigKey<ModuleSelection?> FeedforwardModules = new(ConfigTypes.Modules, "feedforward_modules", null, "(IA)3: the targets that are scaled at their input");

    public static readonly ConfigKey<TaskType?> TaskType = new(
        ConfigTypes.OptionalWord(("CAUSAL_LM", Configuration.TaskType.CausalLm), ("SEQ_2_SEQ_LM", Configuration.TaskType.Seq2SeqLm)), "task_type", null, "what the model does; default: what its kind does");

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        R, Alpha, Dropout, TargetModules, ExcludeModules, LayersToTransform, LayersPattern, ModulesToSave, Bias, UseRslora, UseDora, LoraBias, RankPattern, AlphaPattern,
        InitLoraWeights, FanInFanOut, FeedforwardModules, TaskType,
    ];
}
