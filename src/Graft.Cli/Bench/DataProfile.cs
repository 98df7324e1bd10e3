using System.Globalization;
using System.Text.Json;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Cli.Bench;

/// <summary>What the rows of a measured training step look like: their lengths, and how they are batched.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Lengths">Tokens of each row.</param>
/// <param name="BatchSize">Rows of a micro-batch.</param>
/// <param name="Accumulation">Micro-batches of a step.</param>
internal sealed record DataProfile(string Name, IReadOnlyList<int> Lengths, int BatchSize, int Accumulation)
{
    private const string QuoteLengths = "Graft.Cli.Assets.bench.quote_lengths.json";

    /// <summary>Names of all profiles.</summary>
    public static readonly string[] Names = ["quotes", "packed512", "rowN"];

    /// <summary>The profile called <paramref name="name"/>.</summary>
    /// <param name="name">One of <see cref="Names"/>; <c>row128</c> is one row of 128 tokens a step.</param>
    /// <exception cref="ArgumentException">No such profile.</exception>
    public static DataProfile Of(string name) => name switch
    {
        "quotes" => new DataProfile(name, ReadQuoteLengths(), BatchSize: 4, Accumulation: 4),
        "packed512" => new DataProfile(name, [.. Enumerable.Repeat(512, 64)], BatchSize: 1, Accumulation: 4),
        _ when name.StartsWith("row", StringComparison.Ordinal) && int.TryParse(name.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int length) && length is > 0 and <= 1 << 20
            => new DataProfile(name, [.. Enumerable.Repeat(length, 16)], BatchSize: 1, Accumulation: 1),
        _ => throw new ArgumentException($"--data '{name}' is unknown; there are {string.Join(", ", Names)} (row128: one row of 128 tokens a step)"),
    };

    /// <summary>Rows of random tokens, every token of them learnt.</summary>
    /// <param name="vocabularySize">Number of tokens to draw from.</param>
    public IReadOnlyList<TokenizedSample> Samples(int vocabularySize)
    {
        var samples = new TokenizedSample[Lengths.Count];
        for (int i = 0; i < samples.Length; i++)
        {
            var ids = new int[Lengths[i]];
            for (int j = 0; j < ids.Length; j++)
            {
                (uint number, _, _, _) = CounterRandom.Next(7, (ulong)i, (ulong)j);
                ids[j] = (int)(number % (uint)vocabularySize);
            }

            samples[i] = new TokenizedSample(ids, ids, default);
        }

        return samples;
    }

    private static int[] ReadQuoteLengths()
    {
        using Stream stream = typeof(DataProfile).Assembly.GetManifestResourceStream(QuoteLengths)!;
        using JsonDocument document = JsonDocument.Parse(stream);
        return [.. document.RootElement.EnumerateArray().Select(length => length.GetInt32())];
    }
}
