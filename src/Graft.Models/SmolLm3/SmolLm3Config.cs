using System.Text.Json;
using Graft.Models.Llama;

namespace Graft.Models.SmolLm3;

/// <summary>config.json of a SmolLM3 model (Hugging Face <c>SmolLM3Config</c>).</summary>
public sealed class SmolLm3Config : LlamaConfig
{
    private readonly bool[] _rotary;
    private readonly bool[] _sliding;
    private readonly int _window;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public SmolLm3Config(ConfigReader reader)
        : base(reader, new LlamaDefaults { TieWordEmbeddings = true, Layers = 36, Heads = 16, KeyValueHeads = 4, Positions = 32768, RopeTheta = 2e6 })
    {
        _rotary = ReadRotaryLayers(reader);
        _window = reader.Flag(false, "use_sliding_window") ? SlidingWindow.Read(reader, fallback: null) : 0;
        _sliding = SlidingWindow.LayerTypes(reader, LayerCount) ?? Array.ConvertAll(_rotary, rotary => !rotary);
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _sliding[layer] ? _window : 0;

    /// <inheritdoc/>
    public override bool HasRotary(int layer) => _rotary[layer];

    // A one in no_rope_layers means that the layer does have rotary positions.
    private bool[] ReadRotaryLayers(ConfigReader reader)
    {
        if (!reader.Has("no_rope_layers"))
        {
            int interval = reader.SizeOr(4, "no_rope_layer_interval");
            return [.. Enumerable.Range(1, LayerCount).Select(layer => layer % interval != 0)];
        }

        JsonElement list = reader.Root.GetProperty("no_rope_layers");
        int[] flags = list.ValueKind == JsonValueKind.Array ? reader.IntegerOrList("no_rope_layers") : [];
        return flags.Length == LayerCount
            ? Array.ConvertAll(flags, flag => flag != 0)
            : throw reader.Error($"no_rope_layers must have {LayerCount} entries, one a layer, but is {list.GetRawText()}");
    }
}
