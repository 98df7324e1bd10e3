using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models.Tests;

/// <summary>Model folders of a few thousand random weights, every one of which matters: biases are not zero and norms are not one.</summary>
internal sealed unsafe class SmallModel : IDisposable
{
    public const int Vocabulary = 61;

    public const string Bloom = """
        {"model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": 61, "hidden_size": 24, "n_layer": 2, "n_head": 4, "layer_norm_epsilon": 1e-5, "bos_token_id": 1, "eos_token_id": 2}
        """;

    public const string Gpt2 = """
        {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 61, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 32, "resid_pdrop": 0.1, "embd_pdrop": 0.1, "eos_token_id": 2}
        """;

    public const string Llama = """
        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 61, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
         "intermediate_size": 40, "max_position_embeddings": 32, "attention_bias": true, "mlp_bias": true, "rope_theta": 10000.0, "rms_norm_eps": 1e-6, "pad_token_id": 0, "eos_token_id": 2}
        """;

    private readonly Dictionary<string, (int[] Shape, float[] Values)> _tensors = [];

    /// <summary>Makes up the weights that a config asks for, with the names that are saved today.</summary>
    /// <param name="config">The text of a config.json.</param>
    /// <param name="seed">Seed of the weights.</param>
    public SmallModel(string config, ulong seed = 7)
    {
        Folder = Directory.CreateTempSubdirectory("graft-model-").FullName;
        Config = config;
        using CausalLanguageModel model = CausalLanguageModel.Create(ConfigReader.Parse(config), seed: 1);
        foreach ((string name, WeightSlot slot) in model.DistinctWeights())
        {
            float[] values = new float[slot.Original.Count];
            bool isNorm = slot.Original.Shape.Length == 1 && slot.Name == "weight";
            CounterRandom.FillUniform(values, CounterRandom.Derive(seed, (ulong)_tensors.Count), isNorm ? 0.6f : -0.3f, isNorm ? 1.4f : 0.3f);
            _tensors.Add(name, (slot.Original.Shape, values));
        }
    }

    /// <summary>Where <see cref="Write"/> writes.</summary>
    public string Folder { get; }

    /// <summary>The text of config.json.</summary>
    public string Config { get; set; }

    public IEnumerable<string> Names => _tensors.Keys;

    /// <summary>A tensor's values.</summary>
    public float[] this[string name] => _tensors[name].Values;

    public string File(string name) => Path.Combine(Folder, name);

    public void Add(string name, int[] shape, float[] values) => _tensors[name] = (shape, values);

    public void Remove(string name) => _tensors.Remove(name);

    public void Rename(Func<string, string> newName)
    {
        foreach ((string name, (int[], float[]) tensor) in _tensors.ToArray())
        {
            _tensors.Remove(name);
            _tensors.Add(newName(name), tensor);
        }
    }

    /// <summary>Writes the folder.</summary>
    /// <param name="maximumShardBytes">Bytes of a file above which the weights are split.</param>
    public string Write(long maximumShardBytes = CheckpointWriter.DefaultMaximumShardBytes)
    {
        CheckpointWriter.Write(Folder, _tensors.Select(tensor => TensorSource.FromSingles(tensor.Key, [.. tensor.Value.Shape.Select(size => (long)size)], tensor.Value.Values)), maximumShardBytes);
        System.IO.File.WriteAllText(File("config.json"), Config);
        return Folder;
    }

    /// <summary>Writes the folder and loads it.</summary>
    public CausalLanguageModel Load() => CausalLanguageModel.Load(Write());

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
