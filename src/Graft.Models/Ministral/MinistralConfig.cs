using Graft.Models.Llama;

namespace Graft.Models.Ministral;

/// <summary>config.json of a Ministral model (Hugging Face <c>MinistralConfig</c>).</summary>
public sealed class MinistralConfig : LlamaConfig
{
    private readonly int _window;
    private readonly bool[] _sliding;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public MinistralConfig(ConfigReader reader)
        : base(reader, new LlamaDefaults { KeyValueHeads = 8, IntermediateSize = 14336, Positions = 131072 })
    {
        if (!reader.Has("head_dim"))
        {
            throw reader.Error("head_dim is missing; the family has no default for it");
        }

        _window = SlidingWindow.Read(reader, fallback: 4096);
        _sliding = SlidingWindow.LayerTypes(reader, LayerCount) ?? [.. Enumerable.Repeat(true, LayerCount)];
        QueryKeyValueBias = OutputBias = MlpBias = false;
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _sliding[layer] ? _window : 0;
}
