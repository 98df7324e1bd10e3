namespace Graft.Text.Pipeline;

/// <summary>A half-open range of UTF-16 indexes.</summary>
internal readonly record struct TextRange(int Start, int End)
{
    /// <summary>Number of UTF-16 units.</summary>
    internal int Length => End - Start;
}
