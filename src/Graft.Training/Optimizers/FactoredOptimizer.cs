using Graft.Tensors.Memory;

namespace Graft.Training.Optimizers;

/// <summary>
/// What both Adafactors share (Shazeer and Stern 2018, arXiv:1804.04235): the second moment of a matrix is kept as row and column means
/// and estimated as <c>row * col / mean(row)</c>; the update is clipped by its root mean square. Stacks of matrices are factored over
/// their last two dimensions; vectors keep every element.
/// </summary>
/// <remarks>A parameter is one tile. Sums are taken in double precision in index order.</remarks>
public abstract unsafe class FactoredOptimizer : Optimizer
{
    private const int ColumnSlot = 0;

    private readonly OptimizerState _rows;
    private readonly OptimizerState _columns;
    private readonly OptimizerState _whole;
    private readonly long[] _rowOffsets;
    private readonly long[] _columnOffsets;
    private readonly long[] _wholeOffsets;

    private protected FactoredOptimizer(
        IReadOnlyList<ParameterSlot> parameters,
        IReadOnlyList<ParameterGroup> groups,
        (string Rows, string Columns, string Whole) names,
        bool keepDimensions)
        : base(parameters, groups, wholeParameters: true)
    {
        int[] kept = keepDimensions ? [1] : [];
        (_rows, _rowOffsets) = AddState(names.Rows, slot => IsFactored(slot) ? [.. slot.Shape[..^1], .. kept] : null);
        (_columns, _columnOffsets) = AddState(names.Columns, slot => IsFactored(slot) ? [.. slot.Shape[..^2], .. kept, slot.Shape[^1]] : null);
        (_whole, _wholeOffsets) = AddState(names.Whole, slot => IsFactored(slot) ? null : slot.Shape);
    }

    /// <summary>The running mean of updates, where there is one.</summary>
    private protected OptimizerState? Moment { get; init; }

    /// <summary>This step's numbers for a parameter whose root mean square is <paramref name="magnitude"/>.</summary>
    private protected abstract Coefficients CoefficientsOf(int parameter, double magnitude);

    private protected override void UpdateTile(in Tile tile, float* parameters, float* gradients, float scale)
    {
        float* values = parameters + tile.Start;
        float* gradient = gradients + tile.Start;
        Coefficients coefficients = CoefficientsOf(tile.Parameter, Magnitude(values, tile.Count));
        bool factored = _rowOffsets[tile.Parameter] >= 0;
        double clip = factored
            ? EstimateFactored(tile, gradient, scale, coefficients)
            : EstimateWhole(tile, gradient, scale, coefficients);
        double rate = coefficients.Rate / Math.Max(1, clip / coefficients.ClipThreshold);
        if (factored)
        {
            ApplyFactored(tile, values, gradient, scale, rate, coefficients);
        }
        else
        {
            float* square = _whole.Pointer + _wholeOffsets[tile.Parameter];
            for (long i = 0; i < tile.Count; i++)
            {
                Apply(values, tile.Start, i, gradient[i] * scale * coefficients.InverseRoot(square[i]) * rate, coefficients);
            }
        }
    }

    private static bool IsFactored(ParameterSlot slot) => slot.Shape.Length >= 2;

    private static double Magnitude(float* values, long count)
    {
        double sum = 0;
        for (long i = 0; i < count; i++)
        {
            sum += (double)values[i] * values[i];
        }

        return Math.Sqrt(sum / count);
    }

    /// <summary>Takes the squared gradient into the moment; returns the update's root mean square.</summary>
    private double EstimateWhole(in Tile tile, float* gradient, float scale, in Coefficients coefficients)
    {
        float* square = _whole.Pointer + _wholeOffsets[tile.Parameter];
        double sum = 0;
        for (long i = 0; i < tile.Count; i++)
        {
            double value = gradient[i] * scale;
            square[i] = (float)((square[i] * coefficients.Keep) + (((value * value) + coefficients.SquareEpsilon) * coefficients.Intake));
            double update = value * coefficients.InverseRoot(square[i]);
            sum += update * update;
        }

        return Math.Sqrt(sum / tile.Count);
    }

    private double EstimateFactored(in Tile tile, float* gradient, float scale, in Coefficients coefficients)
    {
        (long matrices, int rows, int columns) = ExtentsOf(tile.Parameter);
        double sum = 0;
        for (long matrix = 0; matrix < matrices; matrix++)
        {
            float* elements = gradient + (matrix * rows * columns);
            float* rowState = RowsOf(tile.Parameter, matrix, rows);
            float* columnState = ColumnsOf(tile.Parameter, matrix, columns);
            TakeIn(elements, scale, rows, columns, rowState, columnState, coefficients);
            double mean = MeanOf(rowState, rows, coefficients);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    double update = elements[((long)row * columns) + column] * scale * coefficients.InverseRoot(rowState[row] / mean * columnState[column]);
                    sum += update * update;
                }
            }
        }

        return Math.Sqrt(sum / tile.Count);
    }

    private static void TakeIn(float* elements, float scale, int rows, int columns, float* rowState, float* columnState, in Coefficients coefficients)
    {
        double* columnSums = (double*)ThreadScratch.Get(ColumnSlot, (nuint)columns * sizeof(double));
        new Span<double>(columnSums, columns).Clear();
        for (int row = 0; row < rows; row++)
        {
            double rowSum = 0;
            for (int column = 0; column < columns; column++)
            {
                double value = elements[((long)row * columns) + column] * scale;
                double square = (value * value) + coefficients.SquareEpsilon;
                rowSum += square;
                columnSums[column] += square;
            }

            rowState[row] = (float)((rowState[row] * coefficients.Keep) + (rowSum / columns * coefficients.Intake));
        }

        for (int column = 0; column < columns; column++)
        {
            columnState[column] = (float)((columnState[column] * coefficients.Keep) + (columnSums[column] / rows * coefficients.Intake));
        }
    }

    private void ApplyFactored(in Tile tile, float* values, float* gradient, float scale, double rate, in Coefficients coefficients)
    {
        (long matrices, int rows, int columns) = ExtentsOf(tile.Parameter);
        for (long matrix = 0; matrix < matrices; matrix++)
        {
            float* rowState = RowsOf(tile.Parameter, matrix, rows);
            float* columnState = ColumnsOf(tile.Parameter, matrix, columns);
            double mean = MeanOf(rowState, rows, coefficients);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    long index = (((matrix * rows) + row) * columns) + column;
                    double update = gradient[index] * scale * coefficients.InverseRoot(rowState[row] / mean * columnState[column]) * rate;
                    Apply(values, tile.Start, index, update, coefficients);
                }
            }
        }
    }

    private void Apply(float* values, long start, long index, double update, in Coefficients coefficients)
    {
        if (Moment is not null)
        {
            float* moment = Moment.Pointer + start + index;
            update = *moment = (float)((*moment * coefficients.Beta1) + (update * (1 - coefficients.Beta1)));
        }

        values[index] = (float)((values[index] * coefficients.Shrink) - update);
    }

    private float* RowsOf(int parameter, long matrix, int rows) => _rows.Pointer + _rowOffsets[parameter] + (matrix * rows);

    private float* ColumnsOf(int parameter, long matrix, int columns) => _columns.Pointer + _columnOffsets[parameter] + (matrix * columns);

    private static double MeanOf(float* rowState, int rows, in Coefficients coefficients)
    {
        double sum = 0;
        for (int row = 0; row < rows; row++)
        {
            sum += rowState[row];
        }

        return Math.Max(sum / rows, coefficients.MeanFloor);
    }

    private (long Matrices, int Rows, int Columns) ExtentsOf(int parameter)
    {
        int[] shape = Parameters[parameter].Shape;
        return (Parameters[parameter].Count / ((long)shape[^2] * shape[^1]), shape[^2], shape[^1]);
    }

    /// <summary>This step's numbers for one parameter.</summary>
    private protected readonly record struct Coefficients
    {
        /// <summary>Decay of the second moment.</summary>
        public required double Keep { get; init; }

        /// <summary>What the update is multiplied by.</summary>
        public required double Rate { get; init; }

        /// <summary>What the parameter is multiplied by, for weight decay.</summary>
        public required double Shrink { get; init; }

        /// <summary>Largest root mean square of an update.</summary>
        public required double ClipThreshold { get; init; }

        /// <summary>Added to every squared gradient.</summary>
        public double SquareEpsilon { get; init; }

        /// <summary>Smallest mean of rows.</summary>
        public double MeanFloor { get; init; }

        /// <summary>Smallest estimate of the second moment.</summary>
        public double EstimateFloor { get; init; }

        /// <summary>Decay of the running mean of updates.</summary>
        public double Beta1 { get; init; }

        /// <summary>Weight of the new squares.</summary>
        public double Intake => 1 - Keep;

        public double InverseRoot(double estimate) => 1 / Math.Sqrt(Math.Max(estimate, EstimateFloor));
    }
}
