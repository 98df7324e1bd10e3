using System.Text;

namespace Graft.Training.Data;

/// <summary>Collects a rendered text and notes which characters came from where.</summary>
internal sealed class RenderBuilder
{
    private readonly StringBuilder _text = new();
    private readonly List<TextSpan> _spans = [];
    private int _codePoints;
    private int? _completionStart;

    /// <summary>Appends text of the template itself.</summary>
    public void Append(string text)
    {
        _text.Append(text);
        _codePoints += CodePoints.CountIn(text);
    }

    /// <summary>Appends what <paramref name="column"/> produced.</summary>
    public void Append(string text, string column)
    {
        int start = _codePoints;
        Append(text);
        _spans.Add(new TextSpan(start, _codePoints, column));
    }

    /// <summary>Notes that the completion begins here.</summary>
    public void MarkCompletion() => _completionStart = _text.Length;

    /// <summary>The result.</summary>
    public RenderedText ToRenderedText() => new(_text.ToString(), _spans, _completionStart);
}
