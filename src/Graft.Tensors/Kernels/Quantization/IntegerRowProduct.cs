using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Graft.Tensors.Memory;

namespace Graft.Tensors.Kernels;

/// <summary><c>C[m,n] (+)= A[m,k] · B[n,k]ᵀ</c> for a few rows of A and blocks of integers: the integers are multiplied, B is never decoded.</summary>
/// <remarks>
/// A is rounded to integers first, a scale for every 32 elements (<see cref="RoundedRows"/>). Then for each run of 16 or 32 weights with
/// one scale s and one minimum m, and a scale t and integers a of A there: <c>d = Σ (q - offset) a</c>, exactly, in 32 bits; partial sum
/// (number of the run) mod 8 becomes <c>fma(float(d), s t, sum)</c> and then, in formats with minima, <c>fma(float(Σ a), m t, sum)</c>.
/// Of the 8 the upper half is added to the lower, and again, down to one, which is stored or added to C. That is the same for every m,
/// thread count and instruction set. The integers have as many bits as leave d within 32 (23 with 4-bit codes, 22 with 5 and 6 bits, 20 with 8, signs
/// included), so that it is off from the product with decoded weights by <c>Σ |w| · (largest |a| of its 32) / 2^bits</c> at most, plus fp32's own rounding.
/// </remarks>
/// <typeparam name="TLayout">The blocks.</typeparam>
internal static unsafe class IntegerRowProduct<TLayout>
    where TLayout : struct, IIntegerBlockFormat
{
    /// <summary>Runs that are scaled together.</summary>
    private const int Runs = 8;

    private const int Group = 32;

    /// <summary>Rows of A from which on it pays to take a row of B apart for all of them.</summary>
    private const int ExpandingRows = 4;

    private static int StepElements => Runs * TLayout.RunElements;

    private static int StepsPerBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSuperBlock ? TLayout.Elements / StepElements : 1;
    }

    private static int BlocksPerStep
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsSuperBlock ? 1 : Runs;
    }

    private static bool IsSuperBlock => TLayout.Elements > Group;

    /// <summary>Some columns of C.</summary>
    /// <param name="product">The product.</param>
    /// <param name="start">First column.</param>
    /// <param name="end">The column behind the last.</param>
    public static void Compute(in SmallProduct product, int start, int end)
    {
        bool vectors = InstructionSet.Current >= Isa.Avx2;
        (int m, int columns) = (product.M, product.B.Columns);
        long roundedFloats = RoundedRows.FloatsFor(m, columns, TLayout.RunElements);
        long sumFloats = (long)(m + Runs) * Runs;
        float* memory = ThreadScratch.GetSingles(Gemm.ScratchSlot, roundedFloats + sumFloats + ExpandedRow.FloatsFor(columns, TLayout.RunElements));
        RoundedRows a = RoundedRows.Of(m, product.A, product.Lda, columns, TLayout.RunElements, TLayout.LowBits, memory, vectors);
        float* sums = memory + roundedFloats;
        if (!vectors)
        {
            ComputeScalar(product, start, end, a);
        }
        else if (m < ExpandingRows)
        {
            ComputeFewRows(product, start, end, a, sums);
        }
        else
        {
            ComputeRows(product, start, end, a, sums, new ExpandedRow(sums + sumFloats, columns, TLayout.RunElements));
        }
    }

    private static void ComputeScalar(in SmallProduct product, int start, int end, in RoundedRows a)
    {
        var matrix = (BlockMatrix)product.B.Quantized!;
        for (int row = start; row < end; row++)
        {
            for (int i = 0; i < product.M; i++)
            {
                product.Put(i, row, DotScalar(matrix.RowStart(product.B.FirstRow + row), a, i, product.B.Columns));
            }
        }
    }

    /// <summary>Row by row of A, eight rows of B at a time, whose partial sums are folded together.</summary>
    private static void ComputeFewRows(in SmallProduct product, int start, int end, in RoundedRows a, float* sums)
    {
        var matrix = (BlockMatrix)product.B.Quantized!;
        int blocks = product.B.Columns / TLayout.Elements;
        for (int row = start; row < end; row += Runs)
        {
            int count = Math.Min(Runs, end - row);
            for (int i = 0; i < product.M; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    Dot(matrix.RowStart(product.B.FirstRow + row + j), a, i, blocks, sums + (j * Runs));
                }

                PartialSums.FoldEight(sums);
                for (int j = 0; j < count; j++)
                {
                    product.Put(i, row + j, sums[j]);
                }
            }
        }
    }

    /// <summary>Several rows of A, for which each row of B is taken apart once.</summary>
    private static void ComputeRows(in SmallProduct product, int start, int end, in RoundedRows a, float* sums, in ExpandedRow expanded)
    {
        var matrix = (BlockMatrix)product.B.Quantized!;
        for (int row = start; row < end; row++)
        {
            Expand(matrix.RowStart(product.B.FirstRow + row), product.B.Columns / TLayout.Elements, expanded);
            for (int i = 0; i < product.M; i += 2)
            {
                TwoDots(a, i, Math.Min(i + 1, product.M - 1), expanded, product.B.Columns, sums + (i * Runs));
            }

            for (int i = 0; i < product.M; i += Runs)
            {
                PartialSums.FoldEight(sums + (i * Runs));
                for (int j = 0; j < Math.Min(Runs, product.M - i); j++)
                {
                    product.Put(i + j, row, sums[(i * Runs) + j]);
                }
            }
        }
    }

    private static float DotScalar(byte* block, in RoundedRows rows, int row, int columns)
    {
        short* a = rows.Codes + ((nint)row * 2 * rows.Columns);
        float* scales = rows.Scales + ((nint)row * rows.Runs);
        int* totals = rows.Totals + ((nint)row * rows.Runs);
        short* codes = stackalloc short[Group];
        float* sums = stackalloc float[Runs];
        new Span<float>(sums, Runs).Clear();
        for (int p = 0; p < columns; p += TLayout.RunElements)
        {
            int within = p % TLayout.Elements;
            if (p > 0 && within == 0)
            {
                block += TLayout.Bytes;
            }

            if (p % Group == 0)
            {
                TLayout.Codes(block, within / Group, codes);
            }

            int run = p / TLayout.RunElements;
            int dot = -TLayout.Offset * totals[run];
            short* high = a + (2 * (p / Group * Group)), low = high + Group;
            for (int j = p % Group; j < (p % Group) + TLayout.RunElements; j++)
            {
                dot += codes[j] * ((high[j] << TLayout.LowBits) + low[j]);
            }

            (float scale, float minimum) = TLayout.Scale(block, within / TLayout.RunElements);
            ref float sum = ref sums[run % Runs];
            sum = MathF.FusedMultiplyAdd(dot, scale * scales[run], sum);
            if (TLayout.HasMinimum)
            {
                sum = MathF.FusedMultiplyAdd(totals[run], minimum * scales[run], sum);
            }
        }

        return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    }

    /// <summary>The partial sums of one row of A: codes go from memory into the multiplication.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dot(byte* block, in RoundedRows rows, int row, int blocks, float* result)
    {
        // Constants come first: the JIT inlines only so much into a method.
        (int steps, int blocksAtOnce) = (StepsPerBlock, BlocksPerStep);
        short* a = rows.Codes + ((nint)row * 2 * rows.Columns);
        float* scales = rows.Scales + ((nint)row * rows.Runs);
        int* totals = rows.Totals + ((nint)row * rows.Runs);
        Vector256<float> sums = Vector256<float>.Zero;
        for (; blocks >= blocksAtOnce; blocks -= blocksAtOnce, block += blocksAtOnce * TLayout.Bytes)
        {
            for (int part = 0; part < steps; part++)
            {
                Vector256<int> d0 = TwoRuns(block, part, 0, Runs, a);
                Vector256<int> d2 = TwoRuns(block, part, 2, Runs, a);
                Vector256<int> lower = IntegerSums.Four(d0, d2);
                Vector256<int> d4 = TwoRuns(block, part, 4, Runs, a);
                Vector256<int> d6 = TwoRuns(block, part, 6, Runs, a);
                Vector256<int> upper = IntegerSums.Four(d4, d6);
                TLayout.Scales8(block, part, Runs, out Vector256<float> s, out Vector256<float> m);
                sums = Add(sums, IntegerSums.Eight(lower, upper), s, m, scales, totals);
                a += 2 * StepElements;
                scales += Runs;
                totals += Runs;
            }
        }

        sums.Store(result);
        if (blocks > 0)
        {
            AddRest(block, blocks, a, scales, totals, result);
        }
    }

    /// <summary>Adds fewer than eight small blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddRest(byte* block, int count, short* a, float* scales, int* totals, float* sums)
    {
        Vector256<int> d0 = TwoRuns(block, 0, 0, count, a);
        Vector256<int> d2 = count > 2 ? TwoRuns(block, 0, 2, count, a) : Vector256<int>.Zero;
        Vector256<int> lower = IntegerSums.Four(d0, d2);
        Vector256<int> d4 = count > 4 ? TwoRuns(block, 0, 4, count, a) : Vector256<int>.Zero;
        Vector256<int> d6 = count > 6 ? TwoRuns(block, 0, 6, count, a) : Vector256<int>.Zero;
        Vector256<int> upper = IntegerSums.Four(d4, d6);
        TLayout.Scales8(block, 0, count, out Vector256<float> s, out Vector256<float> m);
        Add(Vector256.Load(sums), IntegerSums.Eight(lower, upper), s, m, scales, totals).Store(sums);
    }

    /// <summary>The products of two runs. Where there is only one, the second multiplies its codes with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> TwoRuns(byte* block, int part, int run, int count, short* a)
    {
        a += 2 * run * TLayout.RunElements;
        if (TLayout.RunElements < Group)
        {
            TLayout.Codes32(block, part, run / 2, out Vector256<short> first, out Vector256<short> second);
            return IntegerSums.Two(Multiply(first, a), Multiply(second, a + 16));
        }

        int next = Math.Min(run + 1, count - 1);
        return IsSuperBlock
            ? IntegerSums.Two(OneRun(block, part, run, a), OneRun(block, part, next, a + (2 * Group)))
            : IntegerSums.Two(OneRun(block + (run * TLayout.Bytes), 0, 0, a), OneRun(block + (next * TLayout.Bytes), 0, 0, a + (2 * Group)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> OneRun(byte* block, int part, int group, short* a)
    {
        TLayout.Codes32(block, part, group, out Vector256<short> first, out Vector256<short> second);
        return Multiply(first, second, a);
    }

    /// <summary>Sixteen codes with the integers of A, upper halves at the address and lower ones a block behind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Multiply(Vector256<short> codes, short* a)
        => (Avx2.MultiplyAddAdjacent(codes, Vector256.Load(a)) << TLayout.LowBits) + Avx2.MultiplyAddAdjacent(codes, Vector256.Load(a + Group));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Multiply(Vector256<short> first, Vector256<short> second, short* a)
    {
        Vector256<int> high = Avx2.MultiplyAddAdjacent(first, Vector256.Load(a)) + Avx2.MultiplyAddAdjacent(second, Vector256.Load(a + 16));
        Vector256<int> low = Avx2.MultiplyAddAdjacent(first, Vector256.Load(a + Group)) + Avx2.MultiplyAddAdjacent(second, Vector256.Load(a + Group + 16));
        return (high << TLayout.LowBits) + low;
    }

    /// <summary>Scales the integer products of eight runs and adds them to the partial sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(Vector256<float> sums, Vector256<int> dots, Vector256<float> scales, Vector256<float> minima, float* scalesOfA, int* totals)
    {
        Vector256<float> factors = Vector256.Load(scalesOfA);
        if (TLayout.Offset > 0)
        {
            dots -= Vector256.Load(totals) << BitOperations.Log2((uint)TLayout.Offset);
        }

        sums = Fma.MultiplyAdd(Avx.ConvertToVector256Single(dots), scales * factors, sums);
        return TLayout.HasMinimum ? Fma.MultiplyAdd(Avx.ConvertToVector256Single(Vector256.Load(totals)), minima * factors, sums) : sums;
    }

    /// <summary>Codes, scales and minima of a row, for several rows of A.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Expand(byte* block, int blocks, in ExpandedRow row)
    {
        short* codes = row.Codes;
        float* scales = row.Scales;
        float* minima = row.Minima;
        for (; blocks > 0; blocks -= BlocksPerStep, block += BlocksPerStep * TLayout.Bytes)
        {
            for (int part = 0; part < StepsPerBlock; part++, scales += Runs, minima += Runs)
            {
                TLayout.Scales8(block, part, IsSuperBlock ? Runs : Math.Min(blocks, Runs), out Vector256<float> s, out Vector256<float> m);
                s.Store(scales);
                m.Store(minima);
            }

            int groups = IsSuperBlock ? TLayout.Elements / Group : Math.Min(blocks, Runs);
            int groupsPerStep = StepElements / Group;
            for (int group = 0; group < groups; group++, codes += Group)
            {
                Vector256<short> first, second;
                if (IsSuperBlock)
                {
                    TLayout.Codes32(block, group / groupsPerStep, group % groupsPerStep, out first, out second);
                }
                else
                {
                    TLayout.Codes32(block + (group * TLayout.Bytes), 0, 0, out first, out second);
                }

                first.Store(codes);
                second.Store(codes + 16);
            }
        }
    }

    /// <summary>The partial sums of two rows of A, or of one twice, with an expanded row of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TwoDots(in RoundedRows rows, int row, int next, in ExpandedRow b, int columns, float* sums)
    {
        nint nextColumns = (nint)(next - row) * 2 * rows.Columns, nextRuns = (nint)(next - row) * rows.Runs;
        short* a = rows.Codes + ((nint)row * 2 * rows.Columns);
        float* scales = rows.Scales + ((nint)row * rows.Runs);
        int* totals = rows.Totals + ((nint)row * rows.Runs);
        short* codes = b.Codes;
        Vector256<float> first = Vector256<float>.Zero, second = first;
        for (int step = 0; step < columns; step += StepElements)
        {
            int count = Math.Min(Runs, (columns - step) / TLayout.RunElements);
            (Vector256<int> u0, Vector256<int> l0) = FourRuns(codes, a, nextColumns);
            (Vector256<int> u4, Vector256<int> l4) = count > 4 ? FourRuns(codes + (4 * TLayout.RunElements), a + (8 * TLayout.RunElements), nextColumns) : default;
            Vector256<float> s = Vector256.Load(b.Scales + (step / TLayout.RunElements)), m = Vector256.Load(b.Minima + (step / TLayout.RunElements));
            first = Add(first, IntegerSums.Eight(u0, u4), s, m, scales, totals);
            second = Add(second, IntegerSums.Eight(l0, l4), s, m, scales + nextRuns, totals + nextRuns);
            codes += StepElements;
            a += 2 * StepElements;
            scales += Runs;
            totals += Runs;
        }

        first.Store(sums);
        second.Store(sums + Runs);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> First, Vector256<int> Second) FourRuns(short* codes, short* a, nint next)
    {
        (Vector256<int> first, Vector256<int> second) = TwoRuns(codes, a, next);
        (Vector256<int> first2, Vector256<int> second2) = TwoRuns(codes + (2 * TLayout.RunElements), a + (4 * TLayout.RunElements), next);
        return (IntegerSums.Four(first, first2), IntegerSums.Four(second, second2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> First, Vector256<int> Second) TwoRuns(short* codes, short* a, nint next)
    {
        Vector256<short> c0 = Vector256.Load(codes), c1 = Vector256.Load(codes + 16);
        if (TLayout.RunElements < Group)
        {
            Vector256<int> first = IntegerSums.Two(Multiply(c0, a), Multiply(c1, a + 16));
            return (first, IntegerSums.Two(Multiply(c0, a + next), Multiply(c1, a + next + 16)));
        }

        Vector256<int> f0 = Multiply(c0, c1, a), s0 = Multiply(c0, c1, a + next);
        (c0, c1) = (Vector256.Load(codes + Group), Vector256.Load(codes + Group + 16));
        a += 2 * Group;
        return (IntegerSums.Two(f0, Multiply(c0, c1, a)), IntegerSums.Two(s0, Multiply(c0, c1, a + next)));
    }
}
