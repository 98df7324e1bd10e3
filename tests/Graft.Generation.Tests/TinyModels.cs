using Graft.Models;
using Graft.Tensors;
using Graft.Text;
using Graft.Text.Training;

// Tests here resize the worker pool and count allocations, which belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Graft.Generation.Tests;

/// <summary>Random models of three families, small enough for tests, with weights large enough that texts vary; and a tokenizer.</summary>
internal static class TinyModels
{
    public const int VocabularySize = 300;
    public const int Gpt2Positions = 64;

    private static readonly Lazy<Tokenizer> LearntTokenizer = new(Learn);

    public static readonly TheoryData<string> Families = ["bloom", "gpt2", "llama"];

    /// <summary>Byte-level tokens, some merges, <c>&lt;/s&gt;</c> with id 0.</summary>
    public static Tokenizer Tokenizer => LearntTokenizer.Value;

    public static CausalLanguageModel Create(string family, ulong seed = 1, DType dtype = DType.Float32) => CausalLanguageModel.Create(ConfigReader.Parse(family switch
    {
        "bloom" => $$"""{"model_type":"bloom","hidden_size":32,"n_head":4,"n_layer":2,"vocab_size":{{VocabularySize}},"initializer_range":0.3,"eos_token_id":null}""",
        "gpt2" => $$"""{"model_type":"gpt2","n_embd":24,"n_head":3,"n_layer":2,"n_positions":{{Gpt2Positions}},"vocab_size":{{VocabularySize}},"initializer_range":0.3,"eos_token_id":null}""",
        "llama" => $$"""{"model_type":"llama","hidden_size":32,"num_attention_heads":4,"num_key_value_heads":2,"num_hidden_layers":2,"intermediate_size":48,"max_position_embeddings":256,"vocab_size":{{VocabularySize}},"initializer_range":0.3,"eos_token_id":null,"attention_bias":true}""",
        _ => throw new ArgumentException(family),
    }), seed, dtype);

    /// <summary>Token ids that look random.</summary>
    public static int[] Prompt(int length, int seed = 0) => [.. Enumerable.Range(0, length).Select(i => (int)(((long)(i + 1) * 7919 * (seed + 3)) % VocabularySize))];

    private static Tokenizer Learn() => BpeTrainer.Train(
        ["the cat sat on the mat and the dog sat on the log", "a stitch in time saves nine", "übermäßig grüne Bäume", "stop, stopping, stopped"],
        new BpeTrainerOptions
        {
            VocabularySize = VocabularySize,
            SpecialTokens = ["</s>"],
            SpecialTokenRoles = new Dictionary<string, string> { ["eos_token"] = "</s>" },
        });
}
