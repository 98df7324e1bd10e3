namespace Graft.Text.PostProcessors;

/// <summary>What becomes of the encodings of one or two texts before they are joined.</summary>
internal interface IPostProcessor
{
    /// <summary>Number of special tokens that are added to one text or to a pair.</summary>
    int AddedTokens(bool pair);

    /// <summary>Turns the parts (one or two at first) into the parts that will be joined.</summary>
    IReadOnlyList<Encoding> Process(IReadOnlyList<Encoding> parts, bool addSpecialTokens);
}
