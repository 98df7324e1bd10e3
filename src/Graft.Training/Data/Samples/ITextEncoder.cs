namespace Graft.Training.Data;

/// <summary>What the data pipeline needs of a tokenizer.</summary>
public interface ITextEncoder
{
    /// <summary>Id of the token that ends a text; null when the tokenizer has none.</summary>
    int? EosTokenId { get; }

    /// <summary>Id of the token that begins a text; null when the tokenizer has none.</summary>
    int? BosTokenId { get; }

    /// <summary>Tokenises <paramref name="text"/>, with the special tokens that the tokenizer puts around a text of its own accord.</summary>
    EncodedText Encode(string text);
}

/// <summary>Tokens of a text.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Offsets">For each token the characters it stands for, in Unicode code points; empty ones for tokens that are not in the text.</param>
public sealed record EncodedText(int[] Ids, (int Start, int End)[] Offsets);
