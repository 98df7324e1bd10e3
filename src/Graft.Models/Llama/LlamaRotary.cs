using Graft.Tensors;

namespace Graft.Models.Llama;

/// <summary>The rotary positions that all layers of a model share.</summary>
/// <param name="Queries">For queries.</param>
/// <param name="Keys">For keys; the same table unless queries grow with their position.</param>
public sealed record LlamaRotary(RotaryTable Queries, RotaryTable Keys)
{
    /// <summary>The tables that a configuration asks for.</summary>
    /// <param name="config">The configuration.</param>
    public static LlamaRotary Create(LlamaConfig config)
    {
        RotaryTable keys = config.Rotary.CreateTable();
        return new LlamaRotary(config.QueryFactor is null ? keys : config.Rotary.CreateTable(config.QueryFactor), keys);
    }
}
