namespace Graft.Training.Data;

/// <summary>The characters of a rendered text that one column produced.</summary>
/// <param name="Start">First character, counted in Unicode code points, as token offsets are.</param>
/// <param name="End">The character after the last one, likewise.</param>
/// <param name="Column">The placeholder's column, as the template names it.</param>
public readonly record struct TextSpan(int Start, int End, string Column);

/// <summary>What a template made of a row.</summary>
/// <param name="Text">The text.</param>
/// <param name="Spans">Where each placeholder's characters are, in order.</param>
/// <param name="CompletionStart">Where the template's completion mark stands, as an index into <paramref name="Text"/>; null without a mark.</param>
public sealed record RenderedText(string Text, IReadOnlyList<TextSpan> Spans, int? CompletionStart);
