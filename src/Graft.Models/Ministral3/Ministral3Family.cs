using Graft.Models.Llama;

namespace Graft.Models.Ministral3;

/// <summary>Ministral 3: YaRN, and queries that grow with their position.</summary>
public sealed class Ministral3Family : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "ministral3";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new Ministral3Config(reader);
}
