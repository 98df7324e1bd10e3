using Graft.Models.Llama;

namespace Graft.Models.Qwen2;

/// <summary>Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on q, k and v.</summary>
public sealed class Qwen2Family : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "qwen2";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new Qwen2Config(reader);
}
