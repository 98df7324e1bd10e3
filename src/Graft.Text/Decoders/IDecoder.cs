namespace Graft.Text.Decoders;

/// <summary>Turns tokens back into text, in steps: each decoder rewrites the list, and the last list is joined.</summary>
internal interface IDecoder
{
    /// <summary>The rewritten tokens.</summary>
    List<string> Decode(List<string> tokens);
}
