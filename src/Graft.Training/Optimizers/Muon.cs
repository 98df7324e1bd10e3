using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Memory;

namespace Graft.Training.Optimizers;

/// <summary>How <see cref="Muon"/> fits the rate to a matrix's shape.</summary>
public enum MuonRateAdjustment
{
    /// <summary>Times <c>sqrt(max(1, rows / columns))</c>.</summary>
    Original,

    /// <summary>Times <c>0.2 * sqrt(max(rows, columns))</c>: updates of the size that AdamW's have, for AdamW's rates and decays.</summary>
    MatchRmsAdamW,
}

/// <summary>Options of <see cref="Muon"/>; the defaults are torch's.</summary>
/// <param name="Momentum">Decay of the momentum, which is an average.</param>
/// <param name="Nesterov">Look one momentum step ahead.</param>
/// <param name="A">First coefficient of the Newton-Schulz polynomial.</param>
/// <param name="B">Second coefficient.</param>
/// <param name="C">Third coefficient.</param>
/// <param name="Epsilon">Smallest norm that a matrix is divided by.</param>
/// <param name="Steps">Iterations.</param>
/// <param name="Adjustment">How the rate fits the shape.</param>
public sealed record MuonOptions(
    double Momentum = 0.95,
    bool Nesterov = true,
    double A = 3.4445,
    double B = -4.7750,
    double C = 2.0315,
    double Epsilon = 1e-7,
    int Steps = 5,
    MuonRateAdjustment Adjustment = MuonRateAdjustment.Original);

/// <summary>
/// Muon (Jordan et al. 2024) as torch has it: momentum, made nearly orthogonal by Newton-Schulz iterations whose matrices are rounded to
/// bf16 after every product. Weight decay is decoupled, with the unadjusted rate. It takes matrices only. State: <c>momentum_buffer</c>.
/// </summary>
public sealed unsafe class Muon : Optimizer
{
    private const int MatrixSlot = 0;
    private const int GramSlot = 1;
    private const int PolynomialSlot = 2;
    private const int ProductSlot = 3;

    private readonly MuonOptions _options;
    private readonly OptimizerState _momentum;

    /// <summary>Allocates the momentum.</summary>
    /// <param name="parameters">Where each parameter lies; all must be matrices.</param>
    /// <param name="groups">Rates and decays (torch's defaults are 1e-3 and 0.1).</param>
    /// <param name="options">The algorithm's options.</param>
    /// <exception cref="ArgumentException">A parameter is not a matrix.</exception>
    public Muon(IReadOnlyList<ParameterSlot> parameters, IReadOnlyList<ParameterGroup> groups, MuonOptions? options = null)
        : base(parameters, groups, wholeParameters: true)
    {
        _options = options ?? new MuonOptions();
        foreach (ParameterSlot slot in parameters)
        {
            if (slot.Shape.Length != 2)
            {
                throw new ArgumentException($"Muon takes matrices only, but '{slot.Name}' has shape [{string.Join(", ", slot.Shape)}]; give it to AdamW.", nameof(parameters));
            }
        }

        _momentum = AddState("momentum_buffer");
    }

    private protected override void Prepare(int parameter, ParameterGroup group, double step)
    {
    }

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
    {
        ParameterSlot slot = Parameters[tile.Parameter];
        ParameterGroup group = Groups[slot.Group];
        (int rows, int columns) = (slot.Shape[0], slot.Shape[1]);
        bool transposed = rows > columns;
        float* matrix = ThreadScratch.GetSingles(MatrixSlot, tile.Count);
        float* momentum = _momentum.Pointer + tile.Start;
        float intake = (float)(1 - _options.Momentum);
        float ahead = (float)_options.Momentum;
        for (long i = 0; i < tile.Count; i++)
        {
            float gradient = gradients[tile.Start + i] * scale;
            momentum[i] += (gradient - momentum[i]) * intake;
            float update = _options.Nesterov ? gradient + ((momentum[i] - gradient) * ahead) : momentum[i];
            matrix[transposed ? (i % columns * rows) + (i / columns) : i] = Rounded(update);
        }

        Orthogonalize(matrix, Math.Min(rows, columns), Math.Max(rows, columns));
        float shrink = (float)(1 - (group.LearningRate * group.WeightDecay));
        float rate = (float)(group.LearningRate * AdjustmentFor(rows, columns));
        float* values = parameters + tile.Start;
        for (long i = 0; i < tile.Count; i++)
        {
            values[i] = (values[i] * shrink) - (matrix[transposed ? (i % columns * rows) + (i / columns) : i] * rate);
        }
    }

    private double AdjustmentFor(int rows, int columns) => _options.Adjustment == MuonRateAdjustment.Original
        ? Math.Sqrt(Math.Max(1, rows / (double)columns))
        : 0.2 * Math.Sqrt(Math.Max(rows, columns));

    /// <summary>Newton-Schulz: X becomes <c>a X + (b G + c G²) X</c> with <c>G = X Xᵀ</c>, again and again.</summary>
    private void Orthogonalize(float* matrix, int rows, int columns)
    {
        long count = (long)rows * columns;
        long square = (long)rows * rows;
        float* gram = ThreadScratch.GetSingles(GramSlot, square);
        float* polynomial = ThreadScratch.GetSingles(PolynomialSlot, square);
        float* product = ThreadScratch.GetSingles(ProductSlot, count);
        Normalize(matrix, count);
        for (int step = 0; step < _options.Steps; step++)
        {
            Gemm.MultiplyTransposed(rows, matrix, columns, new WeightView(matrix, rows, columns), gram, rows, accumulate: false);
            Round(gram, square);
            Gemm.Multiply(rows, gram, rows, new WeightView(gram, rows, rows), polynomial, rows, accumulate: false);
            Combine(polynomial, gram, square, _options.C, _options.B);
            Gemm.Multiply(rows, polynomial, rows, new WeightView(matrix, rows, columns), product, columns, accumulate: false);
            Combine(product, matrix, count, 1, _options.A);
            Buffer.MemoryCopy(product, matrix, count * sizeof(float), count * sizeof(float));
        }
    }

    private void Normalize(float* matrix, long count)
    {
        double sum = 0;
        for (long i = 0; i < count; i++)
        {
            sum += (double)matrix[i] * matrix[i];
        }

        float norm = Rounded((float)Math.Max(Math.Sqrt(sum), _options.Epsilon));
        for (long i = 0; i < count; i++)
        {
            matrix[i] = Rounded(matrix[i] / norm);
        }
    }

    /// <summary><c>target = round(target * weight + other * otherWeight)</c>.</summary>
    private static void Combine(float* target, float* other, long count, double weight, double otherWeight)
    {
        for (long i = 0; i < count; i++)
        {
            target[i] = Rounded((target[i] * (float)weight) + (other[i] * (float)otherWeight));
        }
    }

    private static void Round(float* values, long count)
    {
        for (long i = 0; i < count; i++)
        {
            values[i] = Rounded(values[i]);
        }
    }

    /// <summary>The nearest bf16, ties to even.</summary>
    private static float Rounded(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? value : BitConverter.UInt32BitsToSingle((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000);
    }
}
