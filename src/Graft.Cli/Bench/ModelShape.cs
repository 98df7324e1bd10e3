using Graft.Cli.CommandLine;
using Graft.Cli.Planning;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Bench;

/// <summary>The shape of a well-known model, to be filled with random weights: what a benchmark runs.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Config">Text of its config.json, as far as it decides sizes.</param>
internal sealed record ModelShape(string Name, string Config)
{
    /// <summary>All shapes.</summary>
    public static IReadOnlyList<ModelShape> All { get; } =
    [
        new(
            "smollm2-135m",
            """
            {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
             "num_key_value_heads": 3, "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_theta": 100000, "max_position_embeddings": 8192,
             "vocab_size": 49152, "tie_word_embeddings": true, "initializer_range": 0.02}
            """),
        new(
            "bloom-560m",
            """
            {"model_type": "bloom", "hidden_size": 1024, "n_layer": 24, "n_head": 16, "vocab_size": 250880, "layer_norm_epsilon": 1e-05, "initializer_range": 0.02}
            """),
        new(
            "bloom-7b1",
            """
            {"model_type": "bloom", "hidden_size": 4096, "n_layer": 30, "n_head": 32, "vocab_size": 250880, "layer_norm_epsilon": 1e-05, "initializer_range": 0.02}
            """),
        new(
            "falcon-rw-1b",
            """
            {"model_type": "falcon", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 32, "multi_query": false, "parallel_attn": false,
             "alibi": true, "bias": true, "new_decoder_architecture": false, "vocab_size": 50304, "layer_norm_epsilon": 1e-05, "initializer_range": 0.02}
            """),
        new(
            "falcon-7b",
            """
            {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71, "multi_query": true, "parallel_attn": true,
             "alibi": false, "bias": false, "new_decoder_architecture": false, "vocab_size": 65024, "layer_norm_epsilon": 1e-05, "initializer_range": 0.02}
            """),
    ];

    /// <summary>The model folder that holds the weights; null for random weights in memory.</summary>
    public string? Folder { get; init; }

    /// <summary>Names of all shapes.</summary>
    public static string[] Names => [.. All.Select(shape => shape.Name)];

    /// <summary>The shape called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="ArgumentException">No such shape.</exception>
    public static ModelShape Of(string name)
        => All.FirstOrDefault(shape => shape.Name == name) ?? throw new ArgumentException($"--shape '{name}' is unknown; there are {string.Join(", ", Names)}");

    /// <summary>The shape of a model folder, whose weights are used where they lie.</summary>
    /// <param name="folder">The folder; its name is the shape's.</param>
    public static ModelShape OfFolder(string folder)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return new ModelShape(Path.GetFileName(path), string.Empty) { Folder = path };
    }

    /// <summary>Makes the model with random weights in memory.</summary>
    /// <param name="dtype">How the weights are stored.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <exception cref="NotYetException">Graft does not know the family yet, or the machine has too little memory.</exception>
    public CausalLanguageModel CreateModel(DType dtype, ulong seed = 42)
    {
        ConfigReader reader = ConfigReader.Parse(Config, $"the config.json of {Name}");
        string family = reader.Text(string.Empty, "model_type");
        if (ModelFamilies.All.All(known => known.ModelType != family))
        {
            throw new NotYetException($"models of the family {family}");
        }

        RequireMemory(dtype);
        return CausalLanguageModel.Create(reader, seed, dtype);
    }

    /// <summary>Weights of every linear layer and of the head: what a token is multiplied with.</summary>
    /// <param name="model">The model, without adapters.</param>
    public static long LinearWeights(LanguageModel model) => model.NamedModules().OfType<Linear>().Sum(linear => (long)linear.InFeatures * linear.OutFeatures);

    private void RequireMemory(DType dtype)
    {
        const double ForTheStep = 1.5e9;
        double needed = (ParameterCount() * dtype.SizeInBytes()) + ForTheStep;
        double available = ProcessMemory.Available();
        if (needed > available)
        {
            throw new NotYetException($"{Name} in {dtype} needs {needed / 1e9:F1} GB, of which {available / 1e9:F1} GB are free: weights larger than memory cannot be measured");
        }
    }

    private double ParameterCount() => Name switch
    {
        "bloom-7b1" => 7.07e9,
        "falcon-7b" => 6.92e9,
        "falcon-rw-1b" => 1.31e9,
        "bloom-560m" => 559e6,
        _ => 135e6,
    };
}
