using Graft.Models.Llama;

namespace Graft.Models.Ernie45;

/// <summary>ERNIE 4.5 (Baidu 2025): neighbouring features turn as a pair, one switch for all biases.</summary>
public sealed class Ernie45Family : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "ernie4_5";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new Ernie45Config(reader);
}
