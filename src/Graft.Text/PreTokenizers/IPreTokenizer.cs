using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary>Cuts a text into the pieces that the model may not merge across.</summary>
internal interface IPreTokenizer
{
    /// <summary>Cuts every piece of <paramref name="text"/> further.</summary>
    void PreTokenize(PreTokenizedText text);
}
