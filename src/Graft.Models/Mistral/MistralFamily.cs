using Graft.Models.Llama;

namespace Graft.Models.Mistral;

/// <summary>Mistral 7B (Jiang et al. 2023) and its kin: Llama with a window in every layer.</summary>
public sealed class MistralFamily : LlamaFamily
{
    /// <inheritdoc/>
    public override string ModelType => "mistral";

    /// <inheritdoc/>
    public override ModelConfig ReadConfig(ConfigReader reader) => new MistralConfig(reader);
}
