namespace Graft.Text.Models;

/// <summary>Every piece is a token, or unknown.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknownToken) : ITokenModel
{
    private readonly int _unknown = vocabulary.TryGetId(unknownToken, out int id) ? id : -1;

    /// <inheritdoc/>
    public Vocabulary Vocabulary => vocabulary;

    /// <inheritdoc/>
    public void Tokenize(ReadOnlySpan<char> piece, List<ModelToken> tokens)
    {
        if (!vocabulary.TryGetId(piece, out int id))
        {
            id = _unknown >= 0 ? _unknown : throw new InvalidDataException($"'{piece}' is not in the vocabulary, and neither is the model's unk_token '{unknownToken}'");
        }

        tokens.Add(new ModelToken(id, 0, piece.Length));
    }
}
