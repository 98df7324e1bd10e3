namespace Graft.Models;

/// <summary>Which layers see only a window of tokens, as config.json says it.</summary>
public sealed class SlidingWindow
{
    private static readonly string[] KnownLayerTypes = ["full_attention", "sliding_attention"];

    private readonly int _window;
    private readonly bool[] _sliding;

    private SlidingWindow(int window, bool[] sliding)
    {
        _window = window;
        _sliding = sliding;
    }

    /// <summary><c>sliding_window</c>: tokens that a token sees, itself included; 0 when it is null.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="fallback">What an absent field means; null for no window.</param>
    public static int Read(ConfigReader reader, int? fallback)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.Has("sliding_window") ? reader.Size("sliding_window")
            : reader.Mentions("sliding_window") ? 0
            : fallback ?? 0;
    }

    /// <summary><c>layer_types</c>: whether each layer has a window; null when the field is absent.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="layers">Number of layers.</param>
    public static bool[]? LayerTypes(ConfigReader reader, int layers)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.TextOfEachLayer(layers, KnownLayerTypes, "layer_types") is { } types ? Array.ConvertAll(types, type => type == "sliding_attention") : null;
    }

    /// <summary>Qwen's: <c>use_sliding_window</c> turns it on, in the layers that <c>layer_types</c> names, else from <c>max_window_layers</c> on.</summary>
    /// <param name="reader">The config.json.</param>
    /// <param name="layers">Number of layers.</param>
    public static SlidingWindow OfQwen(ConfigReader reader, int layers)
    {
        ArgumentNullException.ThrowIfNull(reader);
        int window = reader.Flag(false, "use_sliding_window") ? Read(reader, fallback: 4096) : 0;
        int first = reader.OptionalInteger("max_window_layers") ?? 28;
        return new SlidingWindow(window, LayerTypes(reader, layers) ?? [.. Enumerable.Range(0, layers).Select(layer => layer >= first)]);
    }

    /// <summary>Tokens that a token of this layer sees, itself included; 0 for all.</summary>
    /// <param name="layer">Number of the layer.</param>
    public int Of(int layer) => _sliding[layer] ? _window : 0;
}
