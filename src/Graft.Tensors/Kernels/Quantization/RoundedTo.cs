using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Graft.Tensors.Kernels;

/// <summary>Rounds fp32 numbers to those that a 16-bit type has, to nearest, ties to even; they stay in fp32.</summary>
internal static unsafe class RoundedTo
{
    private const uint SmallestNormalHalf = 0x38800000; // 2^-14
    private const uint LargestHalf = 0x477FEFFF; // 65519.996: the last that rounds to 65504
    private const uint MagnitudeMask = 0x7FFFFFFF;
    private const float SubnormalStep = 0.75f; // adding it leaves no bits below 2^-24

    /// <summary>One number.</summary>
    /// <param name="value">The number.</param>
    /// <param name="dtype">fp32 (nothing happens), bf16 or fp16.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Apply(float value, DType dtype) => dtype switch
    {
        DType.BFloat16 => BFloat16.ToSingle(BFloat16.FromSingle(value)),
        DType.Float16 => (float)(Half)value,
        _ => value,
    };

    /// <summary>Eight numbers, none of them NaN.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="dtype">fp32 (nothing happens), bf16 or fp16.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Apply(Vector256<float> values, DType dtype)
    {
        if (dtype == DType.Float32)
        {
            return values;
        }

        Vector256<uint> bits = values.AsUInt32();
        if (dtype == DType.BFloat16)
        {
            Vector256<uint> odd = (bits >> 16) & Vector256<uint>.One;
            return ((bits + Vector256.Create(0x7FFFu) + odd) & Vector256.Create(0xFFFF0000u)).AsSingle();
        }

        Vector256<uint> magnitude = bits & Vector256.Create(MagnitudeMask);
        Vector256<uint> last = (magnitude >> 13) & Vector256<uint>.One;
        Vector256<uint> normal = (magnitude + Vector256.Create(0xFFFu) + last) & Vector256.Create(~0x1FFFu);
        Vector256<float> step = Vector256.Create(SubnormalStep);
        Vector256<uint> subnormal = (magnitude.AsSingle() + step - step).AsUInt32();
        Vector256<uint> rounded = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(SmallestNormalHalf)), subnormal, normal);
        rounded = Vector256.ConditionalSelect(Vector256.GreaterThan(magnitude, Vector256.Create(LargestHalf)), Vector256.Create(float.PositiveInfinity).AsUInt32(), rounded);
        return (rounded | (bits & Vector256.Create(~MagnitudeMask))).AsSingle();
    }

    /// <summary>A stretch of memory, shared out among the workers where it is long.</summary>
    /// <param name="source">The numbers.</param>
    /// <param name="destination">Where to write them; may be the same place.</param>
    /// <param name="count">How many.</param>
    /// <param name="dtype">bf16 or fp16.</param>
    public static void Apply(float* source, float* destination, long count, DType dtype)
    {
        var job = new Job { Source = source, Destination = destination, Count = count, DType = dtype };
        Threading.WorkerPool.Shared.Run((int)((count + Job.PartLength - 1) / Job.PartLength), ref job);
    }

    /// <summary>A stretch of memory in place, on this thread.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="dtype">bf16 or fp16.</param>
    public static void ApplyHere(float* values, int count, DType dtype) => ApplyTo(values, values, count, dtype);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ApplyTo(float* source, float* destination, int count, DType dtype)
    {
        int i = 0;
        if (InstructionSet.Current >= Isa.Avx2)
        {
            for (; i + 8 <= count; i += 8)
            {
                Vector256<float> values = Vector256.Load(source + i);
                if (!Vector256.EqualsAll(values, values))
                {
                    break;
                }

                Apply(values, dtype).Store(destination + i);
            }
        }

        for (; i < count; i++)
        {
            destination[i] = Apply(source[i], dtype);
        }
    }

    private struct Job : Threading.IParallelJob
    {
        public const int PartLength = 1 << 15;

        public float* Source, Destination;
        public long Count;
        public DType DType;

        public readonly void Execute(int part)
        {
            long first = (long)part * PartLength;
            ApplyTo(Source + first, Destination + first, (int)Math.Min(PartLength, Count - first), DType);
        }
    }
}
