using Graft.Generation.Decoding;
using Graft.Models;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Decoding;

/// <summary>Runs an engine to its end.</summary>
internal static class EngineRuns
{
    public static GenerationRequest Request(int[] prompt, string config, ulong seed = 42) => new() { PromptIds = prompt, Config = Config(config), Seed = seed, BytesOfToken = BytesOf };

    /// <summary>All texts side by side.</summary>
    public static List<int[]> Together(LanguageModel model, IEnumerable<GenerationRequest> requests, int maximumSequences = 32)
    {
        using var engine = new GenerationEngine(model) { MaximumSequences = maximumSequences };
        List<GenerationSequence> sequences = [.. requests.Select(engine.Add)];
        while (engine.Step())
        {
        }

        return [.. sequences.Select(sequence => sequence.Tokens.ToArray())];
    }

    /// <summary>One text alone.</summary>
    public static int[] Alone(LanguageModel model, GenerationRequest request) => Together(model, [request])[0];

    private static ReadOnlySpan<byte> BytesOf(int token) => new Text.TokenBytes(TinyModels.Tokenizer).Of(token);
}
