using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>Hints to the caches; .NET has them for x86 only, elsewhere they are nothing.</summary>
internal static unsafe class CacheLine
{
    /// <summary>Bytes of a line.</summary>
    public const int Bytes = 64;

    /// <summary>
    /// Rows up to this size are best asked for in the order in which they lie; of longer ones each is a stream of its own, which the
    /// hardware follows better.
    /// </summary>
    public const int ShortRowBytes = 2048;

    /// <summary>Asks for a line in the first-level cache. Any address is fine: a hint never faults.</summary>
    /// <param name="address">An address in the line.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToFirstLevel(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    /// <summary>Asks for a line in the second-level cache. Any address is fine: a hint never faults.</summary>
    /// <param name="address">An address in the line.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ToSecondLevel(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }
}
