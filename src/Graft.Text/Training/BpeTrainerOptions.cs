using Graft.Text.PreTokenizers;

namespace Graft.Text.Training;

/// <summary>What a byte-level BPE vocabulary is to be learned like.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>BLOOM's pattern: words with the space before them, cut at white space and sentence punctuation of several scripts.</summary>
    public const string BloomPattern = @" ?[^(\s|[.,!?…。，、।۔،])]+";

    /// <summary>GPT-2's pattern: contractions, letters, digits and other characters apart.</summary>
    public const string Gpt2Pattern = ByteLevelPreTokenizer.Pattern;

    /// <summary>Number of tokens in all: special tokens, 256 bytes, merges. Fewer come out if the texts have no more pairs to merge.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Special tokens, with the first ids, in order.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>Which special tokens play which part (<c>bos_token</c>, <c>eos_token</c>, <c>unk_token</c>, <c>pad_token</c>); written to tokenizer_config.json.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokenRoles { get; init; } = new Dictionary<string, string>();

    /// <summary>Pattern (in Oniguruma's syntax) whose matches are the pieces that tokens never cross.</summary>
    public string SplitPattern { get; init; } = BloomPattern;

    /// <summary>Whether every digit is a piece of its own.</summary>
    public bool IndividualDigits { get; init; }

    /// <summary>Pairs that occur less often than this are not merged.</summary>
    public int MinFrequency { get; init; } = 2;
}
