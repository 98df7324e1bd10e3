using Graft.Tensors.Memory;
using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>The two factors of one LoRA layer.</summary>
/// <param name="A">Index of A, [r, in]; it is read, never changed.</param>
/// <param name="B">Index of B, [out, r].</param>
/// <param name="Scaling">What the layer multiplies BA by.</param>
public readonly record struct LoraFactors(int A, int B, double Scaling);

/// <summary>
/// LoRA-FA (Zhang et al. 2023, arXiv:2308.03303) as PEFT has it: A is frozen and B's gradient is projected,
/// <c>dB (A Aᵀ + 1e-8 I)⁻¹ / scaling²</c>, before an AdamW whose epsilon is uncorrected and whose decay comes after the step. Other
/// parameters get that AdamW as they are. State: <c>exp_avg</c>, <c>exp_avg_sq</c>.
/// </summary>
public sealed unsafe class LoraFa : Optimizer
{
    private const double Ridge = 1e-8;
    private const int GradientSlot = 0;
    private const int GramSlot = 1;
    private const int VectorSlot = 2;
    private const int InverseSlot = 3;

    // torch's pinv drops what is below this part of the largest eigenvalue, for each row of the matrix.
    private const double RelativeCutoff = 1.1920929e-7;

    private readonly AdamOptions _options;
    private readonly bool _correctBias;
    private readonly OptimizerState _first;
    private readonly OptimizerState _second;
    private readonly LoraFactors?[] _factorsOfB;
    private readonly bool[] _isA;
    private readonly LegacyAdamWRule[] _rules;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">Where each parameter lies, A matrices included.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <param name="factors">Which parameters belong together.</param>
    /// <param name="options">Adam's options; PEFT's epsilon is 1e-6.</param>
    /// <param name="correctBias">Correct the moments' bias.</param>
    /// <exception cref="ArgumentException">Two factors do not fit.</exception>
    public LoraFa(
        IReadOnlyList<ParameterSlot> parameters,
        IReadOnlyList<ParameterGroup> groups,
        IEnumerable<LoraFactors> factors,
        AdamOptions? options = null,
        bool correctBias = true)
        : base(parameters, groups, wholeParameters: true)
    {
        ArgumentNullException.ThrowIfNull(factors);
        _options = options ?? new AdamOptions(Epsilon: 1e-6);
        AdamOptions.RefuseAmsGrad(_options, nameof(LoraFa));
        _correctBias = correctBias;
        Direction = _options.Maximize ? -1 : 1;
        _first = AddState("exp_avg");
        _second = AddState("exp_avg_sq");
        _rules = new LegacyAdamWRule[parameters.Count];
        _factorsOfB = new LoraFactors?[parameters.Count];
        _isA = new bool[parameters.Count];
        foreach (LoraFactors pair in factors)
        {
            (ParameterSlot a, ParameterSlot b) = (parameters[pair.A], parameters[pair.B]);
            if (a.Shape.Length != 2 || b.Shape.Length != 2 || a.Shape[0] != b.Shape[1])
            {
                throw new ArgumentException($"'{a.Name}' [{string.Join(", ", a.Shape)}] and '{b.Name}' [{string.Join(", ", b.Shape)}] are not the factors of one LoRA layer.", nameof(factors));
            }

            _factorsOfB[pair.B] = pair;
            _isA[pair.A] = true;
        }
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
        => _rules[parameter] = new LegacyAdamWRule(_options, group, step, _correctBias) { First = _first.Pointer, Second = _second.Pointer };

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
    {
        if (_isA[tile.Parameter])
        {
            return;
        }

        if (_factorsOfB[tile.Parameter] is not { } factors)
        {
            UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, gradients, scale);
            return;
        }

        float* projected = ThreadScratch.GetSingles(GradientSlot, tile.Count);
        int rank = Parameters[factors.A].Shape[0];
        double* inverse = InverseGram(parameters + Parameters[factors.A].Offset, rank, Parameters[factors.A].Shape[1]);
        double outer = scale / (factors.Scaling * factors.Scaling);
        for (long row = 0; row < tile.Count / rank; row++)
        {
            float* source = gradients + tile.Start + (row * rank);
            for (int column = 0; column < rank; column++)
            {
                double sum = 0;
                for (int k = 0; k < rank; k++)
                {
                    sum += source[k] * inverse[(k * rank) + column];
                }

                projected[(row * rank) + column] = (float)(outer * sum);
            }
        }

        // The rule finds its gradient at the tile's place in the flat buffer.
        UpdateRule.Apply(_rules[tile.Parameter], tile.Start, tile.Count, parameters, projected - tile.Start, 1);
    }

    /// <summary>The pseudo-inverse of <c>A Aᵀ + ridge</c>.</summary>
    private static double* InverseGram(float* a, int rank, int columns)
    {
        nuint bytes = (nuint)rank * (nuint)rank * sizeof(double);
        double* gram = (double*)ThreadScratch.Get(GramSlot, bytes);
        double* vectors = (double*)ThreadScratch.Get(VectorSlot, bytes);
        double* inverse = (double*)ThreadScratch.Get(InverseSlot, bytes);
        for (int i = 0; i < rank; i++)
        {
            for (int j = 0; j < rank; j++)
            {
                double sum = i == j ? Ridge : 0;
                for (int k = 0; k < columns; k++)
                {
                    sum += (double)a[((long)i * columns) + k] * a[((long)j * columns) + k];
                }

                gram[(i * rank) + j] = sum;
            }
        }

        SymmetricEigen.Decompose(new Span<double>(gram, rank * rank), new Span<double>(vectors, rank * rank), rank);
        double largest = 0;
        for (int i = 0; i < rank; i++)
        {
            largest = Math.Max(largest, Math.Abs(gram[(i * rank) + i]));
        }

        new Span<double>(inverse, rank * rank).Clear();
        for (int i = 0; i < rank; i++)
        {
            double value = gram[(i * rank) + i];
            if (Math.Abs(value) <= RelativeCutoff * rank * largest)
            {
                continue;
            }

            double* vector = vectors + (i * rank);
            for (int row = 0; row < rank; row++)
            {
                for (int column = 0; column < rank; column++)
                {
                    inverse[(row * rank) + column] += vector[row] * vector[column] / value;
                }
            }
        }

        return inverse;
    }
}
