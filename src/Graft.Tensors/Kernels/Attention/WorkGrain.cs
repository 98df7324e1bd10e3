namespace Graft.Tensors.Kernels;

/// <summary>How many parts of a job are handed out at a time, so that small jobs do not drown in handing out.</summary>
internal static class WorkGrain
{
    // Some microseconds of arithmetic.
    private const long MultiplyAddsPerRun = 1 << 18;

    /// <summary>Parts to run together; all of them when the job is small.</summary>
    /// <param name="parts">Number of parts.</param>
    /// <param name="multiplyAdds">Multiply-adds of all parts together.</param>
    public static int PartsPerRun(int parts, long multiplyAdds)
    {
        long runs = Math.Clamp(multiplyAdds / MultiplyAddsPerRun, 1, Math.Max(1, parts));
        return (int)Math.Max(1, (parts + runs - 1) / runs);
    }
}
