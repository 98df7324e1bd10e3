namespace Graft.Text.Models;

/// <summary>A token of a piece: its id and the UTF-16 range of the piece that it covers.</summary>
internal readonly record struct ModelToken(int Id, int Start, int End);

/// <summary>Turns a piece of text into tokens. Immutable after construction, so threads share it.</summary>
internal interface ITokenModel
{
    /// <summary>The tokens that the model itself knows.</summary>
    Vocabulary Vocabulary { get; }

    /// <summary>Appends the tokens of <paramref name="piece"/>, which is not empty.</summary>
    void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> tokens);
}
