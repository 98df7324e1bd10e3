using Graft.Models.Llama;

namespace Graft.Models.Ernie45;

/// <summary>config.json of an ERNIE 4.5 model (Hugging Face <c>Ernie4_5Config</c>).</summary>
public sealed class Ernie45Config : LlamaConfig
{
    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public Ernie45Config(ConfigReader reader)
        : base(reader, new LlamaDefaults
        {
            TieWordEmbeddings = true, Layers = 18, Heads = 16, KeyValueHeads = 2, HeadSize = 128, IntermediateSize = 3072, RmsNormEpsilon = 1e-5, Positions = 131072, RopeTheta = 5e5,
        })
    {
        InterleavedRotary = true;
        QueryKeyValueBias = OutputBias = MlpBias = reader.Flag(false, "use_bias");
    }
}
