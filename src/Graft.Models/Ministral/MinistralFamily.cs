using Graft.Models.Llama;

namespace Graft.Models.Ministral;

/// <summary>Ministral 8B: Mistral with windows in some layers.</summary>
public sealed class MinistralFamily : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "ministral";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new MinistralConfig(reader);
}
