using System.Diagnostics;
using System.Runtime.InteropServices;
using Graft.Generation;
using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;
using Graft.Tensors.Threading;

namespace Graft.Cli.Bench;

/// <summary>How fast a model decodes, against how fast its weights could be read.</summary>
/// <param name="Batch">Sequences decoded side by side.</param>
/// <param name="Threads">Workers.</param>
/// <param name="TokensPerSecond">New tokens of all sequences together.</param>
/// <param name="BytesPerStep">Bytes of weights that a step reads, however many sequences there are.</param>
/// <param name="Bandwidth">Bytes a second that the machine reads from memory, measured by turns with the decoding.</param>
/// <param name="FirstTokenSeconds">Time from the prompts to the first tokens.</param>
/// <param name="PrefillTokensPerSecond">Tokens of one prompt of <see cref="DecodeBenchmark.PrefillLength"/> that go through the model a second.</param>
/// <param name="PrefillFraction">Share of the fp32 microkernel's rate that their products come to: two operations a weight, the head's for the last token alone.</param>
internal sealed record DecodeResult(
    int Batch, int Threads, double TokensPerSecond, long BytesPerStep, double Bandwidth, double FirstTokenSeconds, double PrefillTokensPerSecond, double PrefillFraction)
{
    /// <summary>Share of the memory's bandwidth that reading the weights once a step comes to.</summary>
    public double BandwidthFraction => BytesPerStep * (TokensPerSecond / Batch) / Bandwidth;
}

/// <summary>Measures greedy decoding of a model by turns with reading memory.</summary>
internal static class DecodeBenchmark
{
    /// <summary>Tokens of the long prompt.</summary>
    public const int PrefillLength = 512;

    private const int PromptLength = 32;
    private const int PrefillRounds = 3;
    private const int WarmUpSteps = 16;

    /// <summary>Measures. The best of the turns counts: noise on a shared machine only ever takes time.</summary>
    /// <param name="model">The model; random weights will do.</param>
    /// <param name="batch">Sequences decoded side by side.</param>
    /// <param name="rounds">Turns.</param>
    /// <param name="stepsPerRound">Decoding steps a turn.</param>
    public static DecodeResult Measure(CausalLanguageModel model, int batch, int rounds = 12, int stepsPerRound = 8)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        using var engine = new GenerationEngine(model) { MaximumSequences = batch };
        using var memory = new ReadBandwidth(model);
        int newTokens = WarmUpSteps + (rounds * stepsPerRound) + 1;
        for (int i = 0; i < batch; i++)
        {
            engine.Add(Request(model, PromptLength, i, newTokens));
        }

        double firstTokens = Time(() => engine.Step());
        Repeat(engine, WarmUpSteps);
        double bestSteps = double.PositiveInfinity;
        double bandwidth = 0;
        for (int round = 0; round < rounds; round++)
        {
            bandwidth = Math.Max(bandwidth, memory.Measure());
            bestSteps = Math.Min(bestSteps, Time(() => Repeat(engine, stepsPerRound)));
        }

        (double prefill, double fraction) = MeasurePrefill(model);
        return new DecodeResult(batch, WorkerPool.Shared.WorkerCount, batch * stepsPerRound / bestSteps, BytesPerStep(model), bandwidth, firstTokens, prefill, fraction);
    }

    /// <summary>Bytes of every matrix that a token is multiplied with; of an embedding that is no head a step reads next to nothing.</summary>
    /// <param name="model">The model.</param>
    public static long BytesPerStep(CausalLanguageModel model)
        => model.NamedModules().OfType<Linear>().Sum(linear => linear.Weight.Current.Quantized?.ByteLength ?? (linear.Weight.Current.Count * linear.Weight.Current.DType.SizeInBytes()));

    private static GenerationRequest Request(CausalLanguageModel model, int length, int seed, int newTokens) => new()
    {
        PromptIds = [.. Enumerable.Range(0, length).Select(place => ((place * 7919) + (seed * 104729)) % model.Config.VocabularySize)],
        Config = new GenerationConfig { MaxNewTokens = newTokens, EosTokenId = [] },
    };

    /// <summary>The best of some prompts, and of the microkernel's rates between them.</summary>
    private static (double TokensPerSecond, double Fraction) MeasurePrefill(CausalLanguageModel model)
    {
        const double PeakSeconds = 0.05;
        double head = (double)model.Head.InFeatures * model.Head.OutFeatures;
        double operations = 2 * (((ModelShape.LinearWeights(model) - head) * PrefillLength) + head);
        double best = 0;
        double peak = 0;
        using var engine = new GenerationEngine(model) { MaximumSequences = 1 };
        for (int round = 0; round < PrefillRounds; round++)
        {
            peak = Math.Max(peak, MachinePeak.MeasureFor(PeakSeconds));
            engine.Add(Request(model, PrefillLength, round, newTokens: 1));
            best = Math.Max(best, PrefillLength / Time(() => engine.Step()));
            engine.Clear();
        }

        return (best, operations / PrefillLength * best / peak);
    }

    private static void Repeat(GenerationEngine engine, int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            engine.Step();
        }
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Reads memory of the size of the weights, on all workers: what decoding is up against.</summary>
    private sealed unsafe class ReadBandwidth : IDisposable
    {
        private readonly byte* _data;
        private readonly long _bytes;

        public ReadBandwidth(CausalLanguageModel model)
        {
            _bytes = BytesPerStep(model);
            _data = (byte*)NativeMemory.AlignedAlloc((nuint)_bytes, 4096);
            MemoryBandwidth.Fill(_data, _bytes);
        }

        public double Measure() => _bytes / Time(() => MemoryBandwidth.Read(_data, _bytes));

        public void Dispose() => NativeMemory.AlignedFree(_data);
    }
}
