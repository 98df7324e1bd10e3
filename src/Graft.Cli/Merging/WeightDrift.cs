using Graft.Models;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Cli.Merging;

/// <summary>How far merging or quantising has moved the weights.</summary>
/// <param name="Tensors">Tensors that were changed.</param>
/// <param name="Largest">Largest change of a value.</param>
/// <param name="Mean">Mean change of a value.</param>
/// <param name="Unchanged">Share of their values that stayed the same: the change was zero, or was lost to the rounding of the dtype.</param>
internal sealed record WeightDrift(int Tensors, double Largest, double Mean, double Unchanged)
{
    private const int Chunk = 1 << 20;

    /// <summary>The weights that are in place now, to compare with later.</summary>
    /// <param name="model">The model.</param>
    public static IReadOnlyDictionary<WeightSlot, Parameter> Snapshot(LanguageModel model) => model.NamedWeights().ToDictionary(weight => weight.Slot, weight => weight.Slot.Original);

    /// <summary>Compares the weights that are in place with those from before.</summary>
    /// <param name="model">The model, merged or quantised.</param>
    /// <param name="before">Its weights before that.</param>
    /// <param name="turned">Weights that are stored the other way round now.</param>
    public static WeightDrift Between(LanguageModel model, IReadOnlyDictionary<WeightSlot, Parameter> before, IReadOnlySet<WeightSlot>? turned = null)
    {
        var total = new Sums();
        int tensors = 0;
        foreach ((_, WeightSlot slot) in model.DistinctWeights())
        {
            if (!ReferenceEquals(slot.Original, before[slot]))
            {
                tensors++;
                total.Add(turned?.Contains(slot) == true ? Transpose(before[slot]) : before[slot], slot.Original);
            }
        }

        return new WeightDrift(tensors, total.Largest, total.Count == 0 ? 0 : total.Sum / total.Count, total.Count == 0 ? 0 : (double)total.Same / total.Count);
    }

    private static Parameter Transpose(Parameter weight)
    {
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        float[] values = weight.ToArray();
        var turned = Parameter.Create(weight.Name, columns, rows);
        for (int i = 0; i < values.Length; i++)
        {
            turned.Values[(i % columns * rows) + (i / columns)] = values[i];
        }

        return turned;
    }

    private unsafe struct Sums
    {
        public double Largest;
        public double Sum;
        public long Same;
        public long Count;

        public void Add(Parameter before, Parameter after)
        {
            float[] old = new float[Math.Min(Chunk, before.Count)];
            float[] merged = new float[old.Length];
            for (long first = 0; first < before.Count; first += Chunk)
            {
                int count = (int)Math.Min(Chunk, before.Count - first);
                fixed (float* a = old, b = merged)
                {
                    WeightDecoder.Decode(before.View, first, count, a);
                    WeightDecoder.Decode(after.View, first, count, b);
                }

                for (int i = 0; i < count; i++)
                {
                    double difference = Math.Abs((double)merged[i] - old[i]);
                    Largest = Math.Max(Largest, difference);
                    Sum += difference;
                    Same += difference == 0 ? 1 : 0;
                }
            }

            Count += before.Count;
        }
    }
}
