using System.Runtime.InteropServices;
using Graft.Tensors.Memory;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Gradient of a <see cref="RelativeBias"/>: each head of each sequence sums up its own, then they are added in the order of the sequences.</summary>
internal unsafe struct RelativeBiasGradient(StepArena arena, AttentionOperands operands)
{
    private const int Padding = RelativeBias.Padding;

    private readonly int _heads = operands.Settings.Heads;
    private readonly SequenceLayout _sequences = operands.Queries.Sequences;
    private readonly RelativeBias _bias = operands.Bias;
    private float* _sums;

    private readonly long Floats => StartOf(_sequences.Count);

    /// <summary>Takes memory, all zero.</summary>
    public void Open()
    {
        _sums = arena.Allocate(Floats);
        NativeMemory.Clear(_sums, (nuint)(Floats * sizeof(float)));
    }

    /// <summary>Distance 0 of the sums of one head over one sequence.</summary>
    public readonly float* At(int sequence, int head)
    {
        int length = LengthOf(sequence);
        return _sums + StartOf(sequence) + ((long)head * WidthOf(length)) + Padding + length;
    }

    /// <summary>Adds all sums to <paramref name="gradient"/>, laid out like the bias, and frees the memory.</summary>
    public void Close(float* gradient)
    {
        var job = new AddJob { Sums = this, Gradient = gradient };
        WorkerPool.Shared.Run(_heads, ref job);
        arena.Free(_sums, Floats);
    }

    // Distances of a sequence run from -length to length, with padding around.
    private static long WidthOf(int length) => (2L * length) + (2 * Padding);

    private readonly long StartOf(int sequence) => _heads * ((2L * _sequences.Offsets[sequence]) + (2L * Padding * sequence));

    private readonly int LengthOf(int sequence) => _sequences.Offsets[sequence + 1] - _sequences.Offsets[sequence];

    private struct AddJob : IParallelJob
    {
        public RelativeBiasGradient Sums;
        public float* Gradient;

        public readonly void Execute(int part)
        {
            float* center = Sums._bias.At(Gradient, part);
            for (int i = 0; i < Sums._sequences.Count; i++)
            {
                int before = Math.Min(Sums.LengthOf(i), Sums._bias.Before);
                int after = Math.Min(Sums.LengthOf(i), Sums._bias.After);
                VectorKernels.Add(center - after, Sums.At(i, part) - after, before + after + 1);
            }
        }
    }
}
