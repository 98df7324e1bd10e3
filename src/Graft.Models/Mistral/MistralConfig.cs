using Graft.Models.Llama;

namespace Graft.Models.Mistral;

/// <summary>config.json of a Mistral model (Hugging Face <c>MistralConfig</c>).</summary>
public sealed class MistralConfig : LlamaConfig
{
    private readonly int _window;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public MistralConfig(ConfigReader reader)
        : base(reader, new LlamaDefaults { KeyValueHeads = 8, IntermediateSize = 14336, Positions = 131072 })
    {
        _window = SlidingWindow.Read(reader, fallback: 4096);
        QueryKeyValueBias = OutputBias = MlpBias = false;
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _window;
}
