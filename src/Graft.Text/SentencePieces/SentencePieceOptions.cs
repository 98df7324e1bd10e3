namespace Graft.Text.SentencePieces;

/// <summary>What a SentencePiece model says besides its tokens; defaults are those of the format.</summary>
public sealed record SentencePieceOptions
{
    /// <summary><c>model_type</c>.</summary>
    public SentencePieceAlgorithm Algorithm { get; init; } = SentencePieceAlgorithm.Unigram;

    /// <summary><c>byte_fallback</c>: what cannot be spelled becomes bytes.</summary>
    public bool ByteFallback { get; init; }

    /// <summary><c>treat_whitespace_as_suffix</c>: spaces end a token instead of beginning one.</summary>
    public bool WhitespaceAsSuffix { get; init; }

    /// <summary><c>unk_surface</c>: what an unknown token decodes to.</summary>
    public string UnknownSurface { get; init; } = " \u2047 ";

    /// <summary><c>bos_piece</c>.</summary>
    public string BosPiece { get; init; } = "<s>";

    /// <summary><c>eos_piece</c>.</summary>
    public string EosPiece { get; init; } = "</s>";

    /// <summary><c>pad_piece</c>.</summary>
    public string PadPiece { get; init; } = "<pad>";

    /// <summary><c>precompiled_charsmap</c>: rules that rewrite characters; empty for none.</summary>
    public ReadOnlyMemory<byte> CharacterMap { get; init; }

    /// <summary><c>add_dummy_prefix</c>: a space goes before the text (or after it).</summary>
    public bool AddDummyPrefix { get; init; } = true;

    /// <summary><c>remove_extra_whitespaces</c>: spaces at both ends, and all but one in a row, go.</summary>
    public bool RemoveExtraWhitespaces { get; init; } = true;

    /// <summary><c>escape_whitespaces</c>: spaces become U+2581.</summary>
    public bool EscapeWhitespaces { get; init; } = true;
}
