using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>A function of sixteen lanes, to be called with any instruction set.</summary>
internal interface ILaneFunction
{
    static abstract TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>;
}

internal readonly struct ExpFunction : ILaneFunction
{
    public static TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => Exponential.Exp(x);
}

internal readonly struct SigmoidFunction : ILaneFunction
{
    public static TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => Exponential.Sigmoid(x);
}

internal readonly struct TanhFunction : ILaneFunction
{
    public static TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => HyperbolicTangent.Tanh(x);
}

internal readonly struct CumulativeFunction : ILaneFunction
{
    public static TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => NormalDistribution.Cumulative(x, out _);
}

internal readonly struct DensityFunction : ILaneFunction
{
    public static TLanes Invoke<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        NormalDistribution.Cumulative(x, out TLanes density);
        return density;
    }
}

/// <summary>Calls lane functions on arrays.</summary>
internal static unsafe class LaneFunctions
{
    /// <summary>The instruction sets that this machine has.</summary>
    public static IEnumerable<Isa> Available => Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best);

    /// <summary>The function of every number.</summary>
    public static float[] Map<TFunction>(Isa isa, float[] values)
        where TFunction : struct, ILaneFunction
        => isa switch
        {
            Isa.Avx512 => Map<TFunction, Lanes512>(values),
            Isa.Avx2 => Map<TFunction, Lanes256>(values),
            Isa.Vector128 => Map<TFunction, Lanes128>(values),
            _ => Map<TFunction, LanesScalar>(values),
        };

    private static float[] Map<TFunction, TLanes>(float[] values)
        where TFunction : struct, ILaneFunction
        where TLanes : struct, ILanes<TLanes>
    {
        var padded = new float[(values.Length + 15) / 16 * 16];
        values.CopyTo(padded, 0);
        fixed (float* data = padded)
        {
            for (int i = 0; i < padded.Length; i += 16)
            {
                TFunction.Invoke(TLanes.Load(data + i)).Store(data + i);
            }
        }

        return padded[..values.Length];
    }
}
