using Graft.Tensors;
using Xunit;

namespace Graft.Models.Tests.Configuration;

public sealed class RotaryConfigTests
{
    private const int Dim = 8;
    private const double Theta = 10000;

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{ "rope_scaling": null, "rope_theta": 10000 }""")]
    [InlineData("""{ "rope_scaling": { "rope_type": "default" } }""")]
    [InlineData("""{ "rope_parameters": { "rope_type": "default", "rope_theta": 10000.0 } }""")]
    public void DefaultIsUnscaledInEverySpelling(string json) => AssertAngles(json, 5, i => Math.Pow(Theta, -2.0 * i / Dim), 1);

    [Theory]
    [InlineData("""{ "rope_scaling": { "type": "linear", "factor": 4 } }""")]
    [InlineData("""{ "rope_scaling": { "rope_type": "linear", "factor": 4 } }""")]
    [InlineData("""{ "rope_parameters": { "rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0 } }""")]
    public void LinearDividesTheFrequencies(string json) => AssertAngles(json, 5, i => Math.Pow(Theta, -2.0 * i / Dim) / 4, 1);

    [Fact]
    public void ThetaOfTheSectionWins()
        => AssertAngles("""{ "rope_theta": 7, "rope_parameters": { "rope_type": "default", "rope_theta": 500 } }""", 3, i => Math.Pow(500, -2.0 * i / Dim), 1);

    [Theory]
    [InlineData(16, 1)]
    [InlineData(17, (3.0 * 17 / 16) - 2)]
    [InlineData(48, (3.0 * 48 / 16) - 2)]
    public void DynamicChangesTheBaseBeyondTheLength(int length, double growth)
    {
        double theta = Theta * Math.Pow(growth, Dim / (Dim - 2.0));
        AssertAngles("""{ "rope_scaling": { "type": "dynamic", "factor": 3 } }""", length, i => Math.Pow(theta, -2.0 * i / Dim), 1, maximumPositions: 16);
    }

    [Theory]
    [InlineData("""{ "original_max_position_embeddings": 8, "rope_scaling": { "type": "longrope", "short_factor": [1, 2, 3, 4], "long_factor": [2, 4, 6, 8] } }""")]
    [InlineData("""{ "rope_scaling": { "type": "longrope", "original_max_position_embeddings": 8, "short_factor": [1, 2, 3, 4], "long_factor": [2, 4, 6, 8] } }""")]
    [InlineData("""{ "original_max_position_embeddings": 8, "rope_scaling": { "type": "longrope", "original_max_position_embeddings": 99, "short_factor": [1, 2, 3, 4], "long_factor": [2, 4, 6, 8] } }""")]
    public void LongRopeTakesTheListOfTheLength(string json)
    {
        double factor = Math.Sqrt(1 + (Math.Log(32 / 8.0) / Math.Log(8)));
        AssertAngles(json, 8, i => Math.Pow(Theta, -2.0 * i / Dim) / (i + 1), factor);
        AssertAngles(json, 9, i => Math.Pow(Theta, -2.0 * i / Dim) / (2 * (i + 1)), factor);
    }

    [Fact]
    public void Llama3KeepsShortWavesAndStretchesLongOnes()
    {
        // Wavelengths 6.3, 62.8, 628 and 6283 tokens; original / high = 16 and original / low = 64.
        const string Json = """{ "rope_scaling": { "rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64 } }""";
        double blend = ((64 / (2 * Math.PI / 0.1)) - 1) / 3;
        AssertAngles(Json, 5, i => i switch { 0 => 1, 1 => ((1 - blend) * 0.1 / 8) + (blend * 0.1), 2 => 0.01 / 8, _ => 0.001 / 8 }, 1);
    }

    [Theory]
    [InlineData("""{ "rope_scaling": { "type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 2, "beta_slow": 1, "truncate": false } }""", 0)]
    [InlineData("""{ "rope_scaling": { "type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 2, "beta_slow": 1, "attention_factor": 0.7 } }""", 0.7)]
    [InlineData("""{ "rope_scaling": { "type": "yarn", "factor": 4, "original_max_position_embeddings": 64, "beta_fast": 2, "beta_slow": 1, "mscale": 2, "mscale_all_dim": 0.5 } }""", -1)]
    public void YarnRampsBetweenTheBetas(string json, double given)
    {
        double Pair(double turns) => Dim * Math.Log(64 / (turns * 2 * Math.PI)) / (2 * Math.Log(Theta));
        (double low, double high) = json.Contains("truncate") ? (Pair(2), Pair(1)) : (Math.Floor(Pair(2)), Math.Ceiling(Pair(1)));
        double attention = given > 0 ? given : given == 0 ? (0.1 * Math.Log(4)) + 1 : ((0.2 * Math.Log(4)) + 1) / ((0.05 * Math.Log(4)) + 1);
        AssertAngles(
            json,
            5,
            i =>
            {
                double stretched = Math.Clamp((i - low) / (high - low), 0, 1);
                double plain = Math.Pow(Theta, -2.0 * i / Dim);
                return (stretched * plain / 4) + ((1 - stretched) * plain);
            },
            attention);
    }

    [Fact]
    public void EachSequenceOfABatchTurnsByItsOwnLength()
    {
        RotaryTable table = Read("""{ "rope_scaling": { "type": "dynamic", "factor": 2 } }""", maximumPositions: 4).CreateTable();
        using var tape = new Tape();
        int[] lengths = [3, 9, 0, 9, 6, 4];
        var together = new SequenceLayout();
        Array.ForEach(lengths, length => together.Add(length));
        Tensor all = Op.Rotary(tape, Ones(tape, together), new HeadLayout(0, Dim), 1, table, interleaved: false);
        for (int i = 0; i < lengths.Length; i++)
        {
            var alone = new SequenceLayout();
            alone.Add(lengths[i]);
            Tensor one = Op.Rotary(tape, Ones(tape, alone), new HeadLayout(0, Dim), 1, table, interleaved: false);
            Assert.Equal(one.Span.ToArray(), all.Span.Slice(together.Offsets[i] * Dim, one.Span.Length).ToArray());
        }
    }

    [Fact]
    public void PositionFactorScalesOnePosition()
    {
        RotaryTable plain = Read("{}").CreateTable();
        RotaryTable scaled = Read("{}").CreateTable(position => position + 1);
        using var tape = new Tape();
        var sequences = new SequenceLayout();
        sequences.Add(6);
        float[] expected = Op.Rotary(tape, Ones(tape, sequences), new HeadLayout(0, Dim), 1, plain, interleaved: false).Span.ToArray();
        float[] actual = Op.Rotary(tape, Ones(tape, sequences), new HeadLayout(0, Dim), 1, scaled, interleaved: false).Span.ToArray();
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i] * ((i / Dim) + 1), actual[i], 1e-4);
        }
    }

    [Theory]
    [InlineData("""{ "rope_scaling": { "type": "spiral", "factor": 4 } }""", "spiral")]
    [InlineData("""{ "rope_scaling": { "type": "linear" } }""", "factor")]
    [InlineData("""{ "rope_scaling": { "type": "linear", "factor": "4" } }""", "factor")]
    [InlineData("""{ "rope_scaling": { "type": "yarn", "factor": 0 } }""", "factor")]
    [InlineData("""{ "rope_scaling": { "type": "yarn", "factor": 2, "beta_fast": 1, "beta_slow": 2 } }""", "beta_slow")]
    [InlineData("""{ "rope_scaling": { "type": "llama3", "factor": 8, "high_freq_factor": 4 } }""", "low_freq_factor")]
    [InlineData("""{ "rope_scaling": { "type": "llama3", "factor": 8, "high_freq_factor": 1, "low_freq_factor": 1 } }""", "high_freq_factor")]
    [InlineData("""{ "rope_scaling": { "type": "longrope", "short_factor": [1, 1, 1, 1] } }""", "long_factor")]
    [InlineData("""{ "rope_scaling": { "type": "longrope", "short_factor": [1, 1, 1, 1], "long_factor": [1, 1, 1] } }""", "4 entries.*has 3")]
    [InlineData("""{ "rope_scaling": { "type": "longrope", "short_factor": [1, 1, 1, "x"], "long_factor": [1, 1, 1, 1] } }""", "short_factor")]
    [InlineData("""{ "rope_theta": -1 }""", "rope_theta")]
    [InlineData("""{ "rope_scaling": 3 }""", "rope_scaling")]
    public void BadSettingsAreNamed(string json, string expected)
        => Assert.Matches(expected, Assert.Throws<InvalidDataException>(() => Read(json)).Message);

    [Fact]
    public void OddRotaryDimIsRefused()
        => Assert.Contains("head_dim", Assert.Throws<InvalidDataException>(() => RotaryConfig.Read(ConfigReader.Parse("{}"), 5, Theta, 32)).Message);

    private static RotaryConfig Read(string json, int maximumPositions = 32) => RotaryConfig.Read(ConfigReader.Parse(json), Dim, Theta, maximumPositions);

    private static Tensor Ones(Tape tape, SequenceLayout sequences)
    {
        Tensor x = tape.NewTensor(sequences.Rows, Dim, sequences, requiresGrad: false);
        x.Span.Fill(1);
        return x;
    }

    /// <summary>Turns a one in the first half of each pair and looks at the last token: cosine and sine of its angle.</summary>
    private static void AssertAngles(string json, int length, Func<int, double> frequency, double factor, int maximumPositions = 32)
    {
        RotaryTable table = Read(json, maximumPositions).CreateTable();
        using var tape = new Tape();
        var sequences = new SequenceLayout();
        sequences.Add(length);
        Tensor x = tape.NewTensor(length, Dim, sequences, requiresGrad: false);
        x.Span.Clear();
        x.Row(length - 1)[..(Dim / 2)].Fill(1);
        Op.Rotary(tape, x, new HeadLayout(0, Dim), 1, table, interleaved: false);
        for (int i = 0; i < Dim / 2; i++)
        {
            Assert.Equal(factor * Math.Cos((length - 1) * frequency(i)), x.Row(length - 1)[i], 1e-5);
            Assert.Equal(factor * Math.Sin((length - 1) * frequency(i)), x.Row(length - 1)[(Dim / 2) + i], 1e-5);
        }
    }
}
