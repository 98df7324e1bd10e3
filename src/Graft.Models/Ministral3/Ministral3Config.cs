using Graft.Models.Llama;

namespace Graft.Models.Ministral3;

/// <summary>config.json of a Ministral 3 model (Hugging Face <c>Ministral3Config</c>).</summary>
public sealed class Ministral3Config : LlamaConfig
{
    private readonly int _window;

    /// <summary>Reads it.</summary>
    /// <param name="reader">The config.json.</param>
    public Ministral3Config(ConfigReader reader)
        : base(reader, new LlamaDefaults { Layers = 34, KeyValueHeads = 8, HeadSize = 128, IntermediateSize = 14336, RmsNormEpsilon = 1e-5, Positions = 262144, RopeTheta = 1e6 })
    {
        ConfigReader section = reader.Section("rope_parameters") ?? throw reader.Error("rope_parameters is missing");
        if (Rotary.Type is "dynamic" or "longrope")
        {
            throw section.Error($"rope_type '{Rotary.Type}' does not go together with llama_4_scaling_beta; 'yarn' is usual");
        }

        double beta = section.Number(0.1, "llama_4_scaling_beta");
        int original = section.Size("original_max_position_embeddings");
        _window = SlidingWindow.Read(reader, fallback: null);
        QueryFactor = position => (float)(1 + (beta * Math.Log(1 + (position / original))));
        QueryKeyValueBias = OutputBias = MlpBias = false;
    }

    /// <inheritdoc/>
    public override int WindowOf(int layer) => _window;
}
