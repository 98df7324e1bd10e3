using System.Numerics;
using Graft.Models;
using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Peft;

/// <summary>DoRA's magnitudes of one layer, and the norms of <c>W + s B A</c> that they are measured against.</summary>
/// <remarks>
/// A norm is taken over the inputs of each output feature. <c>‖w + s b A‖² = ‖w‖² + 2 s ⟨b, A w⟩ + s² b (A Aᵀ) bᵀ</c>: the sum of the two
/// matrices is never formed, and a forward pass with the factors of the last one costs a comparison only.
/// </remarks>
internal sealed unsafe class DoraMagnitude
{
    private readonly WeightSlot _weight;
    private readonly LinearLayout _layout;
    private readonly Parameter _a;
    private readonly Parameter _b;
    private readonly Parameter _lastA;
    private readonly Parameter _lastB;
    private readonly Parameter _inverse;
    private readonly double[] _squares;
    private Parameter? _lastWeight;
    private float _lastScaling = float.NaN;

    /// <summary>Magnitudes of a layer, all zero.</summary>
    /// <param name="weight">The layer's weight.</param>
    /// <param name="layout">How it is stored; an embedding's [vocabulary, features] is [in, out].</param>
    /// <param name="a">[r, in].</param>
    /// <param name="b">[out, r].</param>
    public DoraMagnitude(WeightSlot weight, LinearLayout layout, Parameter a, Parameter b)
    {
        (_weight, _layout, _a, _b) = (weight, layout, a, b);
        int features = b.Shape[0];
        Values = Parameter.Create("lora_magnitude_vector", features);
        _squares = new double[features];
        _lastA = Parameter.Create("last lora_A", a.Shape);
        _lastB = Parameter.Create("last lora_B", b.Shape);
        _inverse = Parameter.Create("inverse norms", features);
    }

    /// <summary>The magnitudes, [out].</summary>
    public Parameter Values { get; }

    /// <summary>Sets the magnitudes to the norms: the new adapter scales nothing.</summary>
    public void Initialize(float scaling)
    {
        float* inverse = InverseNorms(_weight.Original, scaling);
        for (int i = 0; i < Values.Values.Length; i++)
        {
            Values.Values[i] = inverse[i] == 0 ? 0 : 1 / inverse[i];
        }
    }

    /// <summary>Brings the output of the layer, the low-rank update included, to the magnitudes.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[tokens, out].</param>
    /// <param name="bias">The bias in x, or null.</param>
    /// <param name="scaling">s.</param>
    public Tensor Apply(Tape tape, Tensor x, Parameter? bias, float scaling)
        => Op.ScaleToMagnitude(tape, x, bias, Values, InverseNorms(_weight.Current, scaling));

    /// <summary>Scales a weight that the low-rank update has been added to.</summary>
    /// <param name="weights">Tells the weight before any merge, whose norms count.</param>
    /// <param name="scaling">s.</param>
    /// <param name="module">Path of the module, for errors.</param>
    public void Merge(MergedWeights weights, float scaling, string module)
    {
        float* inverse = InverseNorms(weights.BeforeMerge(_weight), scaling);
        float[] gain = Values.ToArray();
        for (int i = 0; i < gain.Length; i++)
        {
            gain[i] *= inverse[i];
        }

        MergedWeights.Scale(weights.Writable(_weight), gain, alongRow: _layout == LinearLayout.InOut, module);
    }

    /// <summary>One over the norm of each output feature; 0 where the norm is 0.</summary>
    private float* InverseNorms(Parameter weight, float scaling)
    {
        float* inverse = _inverse.Singles;
        bool isOther = !ReferenceEquals(weight, _lastWeight);
        bool hasChanged = Refresh(_a, _lastA) | Refresh(_b, _lastB);
        if (!isOther && !hasChanged && scaling == _lastScaling)
        {
            return inverse;
        }

        if (isOther)
        {
            SumSquares(weight.View);
            _lastWeight = weight;
        }

        _lastScaling = scaling;
        Update(weight.View, scaling, inverse);
        return inverse;
    }

    private void Update(WeightView weight, float scaling, float* inverse)
    {
        int rank = _a.Shape[0];
        int inFeatures = _a.Shape[1];
        int outFeatures = _b.Shape[0];
        float* a = _lastA.Singles;
        float* b = _lastB.Singles;
        float* projected = Tensors.Memory.ThreadScratch.GetSingles(0, (2L * rank * outFeatures) + ((long)rank * rank));
        float* mixed = projected + ((long)rank * outFeatures);
        float* gram = mixed + ((long)rank * outFeatures);
        if (_layout == LinearLayout.OutIn)
        {
            Gemm.MultiplyTransposed(rank, a, inFeatures, weight, projected, outFeatures, accumulate: false);
        }
        else
        {
            Gemm.Multiply(rank, a, inFeatures, weight, projected, outFeatures, accumulate: false);
        }

        Gemm.MultiplyTransposed(rank, a, inFeatures, new WeightView(a, rank, inFeatures), gram, rank, accumulate: false);
        Gemm.Multiply(outFeatures, b, rank, new WeightView(gram, rank, rank), mixed, rank, accumulate: false);
        for (int o = 0; o < outFeatures; o++)
        {
            double change = 0;
            for (int k = 0; k < rank; k++)
            {
                long i = ((long)o * rank) + k;
                change += b[i] * ((2.0 * projected[((long)k * outFeatures) + o]) + ((double)scaling * mixed[i]));
            }

            double square = _squares[o] + (scaling * change);
            inverse[o] = square > 0 ? (float)(1 / Math.Sqrt(square)) : 0;
        }
    }

    /// <summary>‖w‖² of each output feature; the base weight does not change, so this is done once.</summary>
    private void SumSquares(WeightView weight)
    {
        float* row = Tensors.Memory.ThreadScratch.GetSingles(0, weight.Columns);
        Array.Clear(_squares);
        for (int i = 0; i < weight.Rows; i++)
        {
            WeightDecoder.Decode(weight, (long)i * weight.Columns, weight.Columns, row);
            if (_layout == LinearLayout.OutIn)
            {
                _squares[i] = SumOfSquares(row, weight.Columns);
                continue;
            }

            for (int j = 0; j < weight.Columns; j++)
            {
                _squares[j] += (double)row[j] * row[j];
            }
        }
    }

    /// <summary>In double, two vectors of a half each at a time.</summary>
    private static double SumOfSquares(float* values, int count)
    {
        Vector<double> sum = Vector<double>.Zero;
        int i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(values + i), out Vector<double> low, out Vector<double> high);
            sum += (low * low) + (high * high);
        }

        double total = Vector.Sum(sum);
        for (; i < count; i++)
        {
            total += (double)values[i] * values[i];
        }

        return total;
    }

    /// <summary>Takes over the values of a factor.</summary>
    /// <returns>Whether they differ from those of the last time.</returns>
    private static bool Refresh(Parameter factor, Parameter last)
    {
        if (factor.DType == DType.Float32 && factor.Values.SequenceEqual(last.Values))
        {
            return false;
        }

        factor.CopyTo(last.Singles);
        return true;
    }
}
