namespace Graft.Peft;

/// <summary>A matrix as <c>U diag(S) Vᵀ</c>, largest values first, in double precision.</summary>
/// <param name="U">Left vectors: a column each.</param>
/// <param name="S">Singular values, descending.</param>
/// <param name="V">Right vectors: a column each.</param>
internal sealed record SingularValues(double[][] U, double[] S, double[][] V)
{
    private const int MostSweeps = 60;
    private const double Precision = 1e-15;

    /// <summary>Decomposes a matrix by one-sided Jacobi rotations (Hestenes 1958): exact also for small values. Time grows with the cube of the size.</summary>
    /// <param name="columns">Its columns.</param>
    public static SingularValues Of(double[][] columns)
    {
        if (columns.Length > columns[0].Length)
        {
            SingularValues transposed = Of(Transpose(columns));
            return new SingularValues(transposed.V, transposed.S, transposed.U);
        }

        double[][] u = [.. columns.Select(column => column.ToArray())];
        double[][] v = [.. Enumerable.Range(0, u.Length).Select(i => Unit(i, u.Length))];
        for (int sweep = 0; sweep < MostSweeps && Sweep(u, v); sweep++)
        {
        }

        double[] sizes = [.. u.Select(column => Math.Sqrt(Dot(column, column)))];
        int[] order = [.. Enumerable.Range(0, u.Length).OrderByDescending(i => sizes[i])];
        return new SingularValues(
            [.. order.Select(i => u[i].Select(value => sizes[i] > 0 ? value / sizes[i] : 0).ToArray())],
            [.. order.Select(i => sizes[i])],
            [.. order.Select(i => v[i])]);
    }

    /// <summary>Decomposes <c>B A</c> without forming it: the work is in the small product of the two triangles.</summary>
    /// <param name="b">Columns of B.</param>
    /// <param name="a">Rows of A.</param>
    public static SingularValues OfProduct(double[][] b, double[][] a)
    {
        double[][] left = Orthogonalize(b);
        double[][] right = Orthogonalize(a);

        // b = Σ left r and a = Σ right r': the core is r r'ᵀ, column by column of the right side.
        double[][] core = [.. right.Select(q => left.Select(p => b.Zip(a, (bk, ak) => Dot(p, bk) * Dot(q, ak)).Sum()).ToArray())];
        SingularValues small = Of(core);
        return new SingularValues([.. small.U.Select(weights => Mix(left, weights))], small.S, [.. small.V.Select(weights => Mix(right, weights))]);
    }

    private static bool Sweep(double[][] u, double[][] v)
    {
        bool hasRotated = false;
        for (int p = 0; p < u.Length; p++)
        {
            for (int q = p + 1; q < u.Length; q++)
            {
                double alpha = Dot(u[p], u[p]);
                double beta = Dot(u[q], u[q]);
                double gamma = Dot(u[p], u[q]);
                if (Math.Abs(gamma) <= Precision * Math.Sqrt(alpha * beta))
                {
                    continue;
                }

                hasRotated = true;
                double zeta = (beta - alpha) / (2 * gamma);
                double tangent = (zeta >= 0 ? 1 : -1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
                double cosine = 1 / Math.Sqrt(1 + (tangent * tangent));
                Rotate(u[p], u[q], cosine, cosine * tangent);
                Rotate(v[p], v[q], cosine, cosine * tangent);
            }
        }

        return hasRotated;
    }

    private static void Rotate(double[] a, double[] b, double cosine, double sine)
    {
        for (int i = 0; i < a.Length; i++)
        {
            (a[i], b[i]) = ((cosine * a[i]) - (sine * b[i]), (sine * a[i]) + (cosine * b[i]));
        }
    }

    /// <summary>Vectors at right angles that span the same space; each is made so twice, against rounding. A vector that adds nothing becomes zero.</summary>
    private static double[][] Orthogonalize(double[][] vectors)
    {
        var result = new List<double[]>();
        foreach (double[] vector in vectors)
        {
            double[] rest = vector.ToArray();
            double size = Math.Sqrt(Dot(rest, rest));
            for (int pass = 0; pass < 2; pass++)
            {
                foreach (double[] other in result)
                {
                    double part = Dot(other, rest);
                    for (int i = 0; i < rest.Length; i++)
                    {
                        rest[i] -= part * other[i];
                    }
                }
            }

            double left = Math.Sqrt(Dot(rest, rest));
            result.Add([.. rest.Select(value => left > 1e-12 * size ? value / left : 0)]);
        }

        return [.. result];
    }

    private static double[] Mix(double[][] vectors, double[] weights)
    {
        double[] sum = new double[vectors[0].Length];
        for (int k = 0; k < vectors.Length; k++)
        {
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += weights[k] * vectors[k][i];
            }
        }

        return sum;
    }

    private static double[] Unit(int index, int length)
    {
        double[] unit = new double[length];
        unit[index] = 1;
        return unit;
    }

    private static double[][] Transpose(double[][] columns) => [.. Enumerable.Range(0, columns[0].Length).Select(row => columns.Select(column => column[row]).ToArray())];

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
