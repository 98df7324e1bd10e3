using Graft.Models.Llama;

namespace Graft.Models.SmolLm3;

/// <summary>SmolLM3 (Bakouch et al. 2025): Llama with layers that have no positions.</summary>
public sealed class SmolLm3Family : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "smollm3";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new SmolLm3Config(reader);
}
