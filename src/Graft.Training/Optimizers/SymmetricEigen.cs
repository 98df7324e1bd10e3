namespace Graft.Training.Optimizers;

/// <summary>Eigenvalues and eigenvectors of small symmetric matrices, by cyclic Jacobi rotations in double precision.</summary>
internal static class SymmetricEigen
{
    private const int MaximumSweeps = 60;

    /// <summary>
    /// Decomposes <paramref name="matrix"/> (size x size, row-major; destroyed). Eigenvalue i ends at <c>[i, i]</c>; its eigenvector is
    /// row i of <paramref name="vectors"/>.
    /// </summary>
    public static void Decompose(Span<double> matrix, Span<double> vectors, int size)
    {
        vectors.Clear();
        for (int i = 0; i < size; i++)
        {
            vectors[(i * size) + i] = 1;
        }

        for (int sweep = 0; sweep < MaximumSweeps && !IsDiagonal(matrix, size); sweep++)
        {
            for (int p = 0; p < size - 1; p++)
            {
                for (int q = p + 1; q < size; q++)
                {
                    Rotate(matrix, vectors, size, p, q);
                }
            }
        }
    }

    private static bool IsDiagonal(ReadOnlySpan<double> matrix, int size)
    {
        double diagonal = 0;
        double rest = 0;
        for (int row = 0; row < size; row++)
        {
            for (int column = 0; column < size; column++)
            {
                double square = matrix[(row * size) + column] * matrix[(row * size) + column];
                (diagonal, rest) = row == column ? (diagonal + square, rest) : (diagonal, rest + square);
            }
        }

        const double Negligible = 1e-32;
        return rest <= Negligible * diagonal;
    }

    /// <summary>Makes element (p, q) zero.</summary>
    private static void Rotate(Span<double> matrix, Span<double> vectors, int size, int p, int q)
    {
        double off = matrix[(p * size) + q];
        if (off == 0)
        {
            return;
        }

        double theta = (matrix[(q * size) + q] - matrix[(p * size) + p]) / (2 * off);
        double tangent = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double cosine = 1 / Math.Sqrt((tangent * tangent) + 1);
        double sine = tangent * cosine;
        for (int i = 0; i < size; i++)
        {
            double first = matrix[(i * size) + p];
            double second = matrix[(i * size) + q];
            matrix[(i * size) + p] = (cosine * first) - (sine * second);
            matrix[(i * size) + q] = (sine * first) + (cosine * second);
        }

        for (int i = 0; i < size; i++)
        {
            double first = matrix[(p * size) + i];
            double second = matrix[(q * size) + i];
            matrix[(p * size) + i] = (cosine * first) - (sine * second);
            matrix[(q * size) + i] = (sine * first) + (cosine * second);
            (first, second) = (vectors[(p * size) + i], vectors[(q * size) + i]);
            vectors[(p * size) + i] = (cosine * first) - (sine * second);
            vectors[(q * size) + i] = (sine * first) + (cosine * second);
        }
    }
}
