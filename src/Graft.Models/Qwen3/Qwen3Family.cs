using Graft.Models.Llama;

namespace Graft.Models.Qwen3;

/// <summary>Qwen 3 (Yang et al. 2025): queries and keys are normalised head by head.</summary>
public sealed class Qwen3Family : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "qwen3";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new Qwen3Config(reader);
}
