using Graft.Models.Llama;

namespace Graft.Models.Qwen2;

/// <summary>config.json of a Qwen 2 model (Hugging Face <c>Qwen2Config</c>).</summary>
public sealed class Qwen2Config : LlamaConfig
{
    private readonly SlidingWindow _window;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public Qwen2Config(ConfigReader reader)
        : base(reader, new LlamaDefaults { KeyValueHeads = 32, IntermediateSize = 22016, Positions = 32768 })
    {
        _window = SlidingWindow.OfQwen(reader, LayerCount);
        QueryKeyValueBias = true;
        OutputBias = MlpBias = false;
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _window.Of(layer);
}
