using Graft.Models.Llama;

namespace Graft.Models.Qwen3;

/// <summary>config.json of a Qwen 3 model (Hugging Face <c>Qwen3Config</c>).</summary>
public sealed class Qwen3Config : LlamaConfig
{
    private readonly SlidingWindow _window;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public Qwen3Config(ConfigReader reader)
        : base(reader, new LlamaDefaults { KeyValueHeads = 32, HeadSize = 128, IntermediateSize = 22016, Positions = 32768 })
    {
        _window = SlidingWindow.OfQwen(reader, LayerCount);
        QueryKeyNorm = true;
        MlpBias = false;
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _window.Of(layer);
}
