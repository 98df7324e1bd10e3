using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>What all kinds of lanes share.</summary>
internal static unsafe class Lanes
{
    /// <summary>Number of lanes.</summary>
    public const int Count = 16;

    /// <summary>Runs a job's parts on all workers, with the lanes of the instruction set in use.</summary>
    /// <typeparam name="TJob">The job's struct.</typeparam>
    /// <param name="parts">How many parts there are.</param>
    /// <param name="job">The job.</param>
    public static void Run<TJob>(int parts, in TJob job)
        where TJob : struct, ILaneJob
    {
        var parallel = new ParallelJob<TJob> { Job = job, Isa = InstructionSet.Current };
        WorkerPool.Shared.Run(parts, ref parallel);
    }

    /// <summary>The larger of each pair of lanes; the second where the first is not greater.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Larger<TLanes>(TLanes a, TLanes b)
        where TLanes : struct, ILanes<TLanes>
        => TLanes.Select(TLanes.GreaterThan(a, b), a, b);

    /// <inheritdoc cref="Larger{TLanes}(TLanes, TLanes)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Larger(Vector256<float> a, Vector256<float> b) => Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), a, b);

    /// <inheritdoc cref="Larger{TLanes}(TLanes, TLanes)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Larger(Vector128<float> a, Vector128<float> b) => Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), a, b);

    /// <summary>Eight lanes folded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector256<float> v) => Sum(v.GetLower() + v.GetUpper());

    /// <summary>Four lanes folded: 2 to 0 and 3 to 1, then 1 to 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> v)
    {
        Vector128<float> pair = v + Vector128.Shuffle(v, Vector128.Create(2, 3, 2, 3));
        return pair[0] + pair[1];
    }

    /// <summary>Eight lanes folded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector256<float> v) => Max(Larger(v.GetLower(), v.GetUpper()));

    /// <summary>Four lanes folded: 2 with 0 and 3 with 1, then 1 with 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector128<float> v)
    {
        Vector128<float> pair = Larger(v, Vector128.Shuffle(v, Vector128.Create(2, 3, 2, 3)));
        return pair[0] > pair[1] ? pair[0] : pair[1];
    }

    private struct ParallelJob<TJob> : IParallelJob
        where TJob : struct, ILaneJob
    {
        public TJob Job;
        public Isa Isa;

        public readonly void Execute(int part)
        {
            switch (Isa)
            {
                case Isa.Avx512:
                    Job.Execute<Lanes512>(part);
                    break;
                case Isa.Avx2:
                    Job.Execute<Lanes256>(part);
                    break;
                case Isa.Vector128:
                    Job.Execute<Lanes128>(part);
                    break;
                default:
                    Job.Execute<LanesScalar>(part);
                    break;
            }
        }
    }
}
