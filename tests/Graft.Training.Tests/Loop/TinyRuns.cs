using Graft.Models;
using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training.Tests;

/// <summary>Models and samples that train in a millisecond a step.</summary>
internal static class TinyRuns
{
    /// <summary>Tokens of every tiny model.</summary>
    public const int VocabularySize = 48;

    private const string Bloom = """
        { "model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": 48, "hidden_size": 16, "n_layer": 2, "n_head": 2, "initializer_range": 0.2 }
        """;

    private const string Gpt2 = """
        { "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 48, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "initializer_range": 0.2,
          "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0 }
        """;

    private const string Llama = """
        { "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 48, "hidden_size": 16, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4,
          "num_key_value_heads": 2, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "initializer_range": 0.2, "tie_word_embeddings": false }
        """;

    /// <summary>A model with random weights and a LoRA adapter on all linear layers.</summary>
    /// <param name="family"><c>bloom</c>, <c>gpt2</c> or <c>llama</c>.</param>
    /// <param name="adapter">False: no adapter, all weights train.</param>
    /// <param name="loraDropout">Dropout of the adapter.</param>
    /// <param name="seed">Seed of the model.</param>
    /// <param name="r">Rank.</param>
    public static PeftModel Model(string family = "bloom", bool adapter = true, double loraDropout = 0, ulong seed = 1, int r = 4)
    {
        string config = family switch
        {
            "bloom" => Bloom,
            "gpt2" => Gpt2,
            "llama" => Llama,
            _ => throw new ArgumentException($"there is no tiny {family}", nameof(family)),
        };
        var model = new PeftModel(CausalLanguageModel.Create(ConfigReader.Parse(config), seed));
        if (adapter)
        {
            model.AddAdapter(new LoraConfig { R = r, LoraAlpha = 8, LoraDropout = loraDropout, TargetModules = ModuleSelection.FromString("all-linear"), BaseModelNameOrPath = "tiny" }, seed: 7);
        }

        return model;
    }

    /// <summary>Samples of 3 to 12 tokens that go up by a step, so that there is something to learn; the first third of the labels is masked in two of three.</summary>
    /// <param name="count">Number of samples.</param>
    /// <param name="seed">Another one gives other samples.</param>
    public static TokenizedSample[] Samples(int count, int seed = 0)
    {
        var samples = new TokenizedSample[count];
        for (int i = 0; i < count; i++)
        {
            int length = 3 + (((i * 7) + seed) % 10);
            int[] ids = [.. Enumerable.Range(0, length).Select(t => (i + seed + (t * (1 + (i % 3)))) % VocabularySize)];
            int[] labels = [.. ids.Select((id, t) => i % 3 != 0 && t < length / 3 ? TokenizedSample.Ignored : id)];
            samples[i] = new TokenizedSample(ids, labels, new RowSource("tiny.jsonl", i + 1));
        }

        return samples;
    }
}
