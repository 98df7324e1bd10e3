namespace Graft.Fuzzing;

/// <summary>All readers of files from strangers.</summary>
internal static class FuzzTargets
{
    /// <summary>Makes them.</summary>
    public static IReadOnlyList<IFuzzTarget> All() => [new SafetensorsTarget(), new TorchTarget(), new GgufTarget(), new TokenizerTarget(), new SentencePieceTarget()];
}
