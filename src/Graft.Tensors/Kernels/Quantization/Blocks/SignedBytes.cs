using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Graft.Tensors.Kernels;

/// <summary>32 codes that are signed bytes.</summary>
internal static unsafe class SignedBytes
{
    /// <summary>The codes as 16-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* codes, out Vector256<short> first, out Vector256<short> second)
    {
        first = Avx2.ConvertToVector256Int16((sbyte*)codes);
        second = Avx2.ConvertToVector256Int16((sbyte*)codes + 16);
    }

    /// <summary>The codes as 16-bit integers, one by one.</summary>
    public static void Load(byte* codes, short* destination)
    {
        for (int j = 0; j < 32; j++)
        {
            destination[j] = (sbyte)codes[j];
        }
    }
}
