namespace Graft.Text.SentencePieces;

/// <summary>What a token of a SentencePiece model is for; the numbers are those of the file.</summary>
public enum SentencePieceKind
{
    /// <summary>Text.</summary>
    Normal = 1,

    /// <summary>What cannot be spelled.</summary>
    Unknown = 2,

    /// <summary>A mark such as &lt;s&gt;, which is never found in text.</summary>
    Control = 3,

    /// <summary>Text that is always one token.</summary>
    UserDefined = 4,

    /// <summary>Not used.</summary>
    Unused = 5,

    /// <summary>One byte of what cannot be spelled otherwise.</summary>
    Byte = 6,
}
