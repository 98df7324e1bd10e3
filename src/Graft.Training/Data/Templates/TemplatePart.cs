namespace Graft.Training.Data;

/// <summary>A piece of a template.</summary>
internal abstract record TemplatePart;

/// <summary>Text that stands in every row.</summary>
internal sealed record LiteralPart(string Text) : TemplatePart;

/// <summary>A value of the row.</summary>
/// <param name="Name">The column, or the path to a value inside it, as written.</param>
/// <param name="Separator">What stands between the elements of a list.</param>
internal sealed record ValuePart(string Name, string Separator) : TemplatePart;

/// <summary>Where the completion begins.</summary>
internal sealed record CompletionPart : TemplatePart;
