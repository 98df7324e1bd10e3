using Graft.Generation.Stopping;
using Graft.Models;
using Graft.Text;

namespace Graft.Conformance.Runners;

/// <summary>The models and tokenizers that the rows of a case name, each loaded once.</summary>
/// <param name="case">The case.</param>
internal sealed class CaseModels(ConformanceCase @case) : IDisposable
{
    private readonly Dictionary<string, LanguageModel> _models = [];
    private readonly Dictionary<string, TokenBytes> _tokens = [];

    /// <summary>A model, or "not yet" for a family that Graft does not have.</summary>
    public LanguageModel Load(string folder)
    {
        if (!_models.TryGetValue(folder, out LanguageModel? model))
        {
            _models[folder] = model = CaseJson.LoadModel(@case.Resolve(folder));
        }

        return model;
    }

    /// <summary>The bytes of a folder's tokens.</summary>
    public BytesOfToken BytesOf(string folder)
    {
        if (!_tokens.TryGetValue(folder, out TokenBytes? tokens))
        {
            _tokens[folder] = tokens = new TokenBytes(Tokenizer.Load(@case.Resolve(folder)));
        }

        return tokens.Of;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LanguageModel model in _models.Values)
        {
            model.Dispose();
        }
    }
}
