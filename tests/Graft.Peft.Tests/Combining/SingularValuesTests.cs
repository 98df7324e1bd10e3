namespace Graft.Peft.Tests.Combining;

public class SingularValuesTests
{
    [Theory]
    [InlineData(7, 4)]
    [InlineData(4, 7)]
    [InlineData(1, 5)]
    [InlineData(6, 6)]
    public void The_parts_make_the_matrix_and_the_vectors_are_orthonormal(int rows, int columns)
    {
        double[][] matrix = Random(columns, rows, 1);
        SingularValues values = SingularValues.Of(matrix);
        Assert.Equal(Math.Min(rows, columns), values.S.Length);
        Assert.Equal(values.S.OrderDescending(), values.S);
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j < rows; j++)
            {
                Assert.Equal(matrix[i][j], Enumerable.Range(0, values.S.Length).Sum(k => values.U[k][j] * values.S[k] * values.V[k][i]), 12);
            }
        }

        AssertOrthonormal(values.U);
        AssertOrthonormal(values.V);
    }

    [Fact]
    public void A_product_is_decomposed_like_the_matrix_that_it_is()
    {
        double[][] b = Random(3, 9, 2);
        double[][] a = Random(3, 5, 3);
        b[2] = [.. b[0].Select(value => 2 * value)];
        double[][] whole = [.. Enumerable.Range(0, 5).Select(column => Enumerable.Range(0, 9).Select(row => Enumerable.Range(0, 3).Sum(k => b[k][row] * a[k][column])).ToArray())];
        SingularValues expected = SingularValues.Of(whole);
        SingularValues actual = SingularValues.OfProduct(b, a);
        Assert.Equal(expected.S[0], actual.S[0], 12);
        Assert.Equal(expected.S[1], actual.S[1], 12);
        Assert.Equal(0, actual.S[2], 12);
        for (int i = 0; i < 5; i++)
        {
            for (int j = 0; j < 9; j++)
            {
                Assert.Equal(whole[i][j], Enumerable.Range(0, 3).Sum(k => actual.U[k][j] * actual.S[k] * actual.V[k][i]), 12);
            }
        }
    }

    private static void AssertOrthonormal(double[][] vectors)
    {
        for (int i = 0; i < vectors.Length; i++)
        {
            for (int j = 0; j < vectors.Length; j++)
            {
                Assert.Equal(i == j ? 1 : 0, vectors[i].Zip(vectors[j], (x, y) => x * y).Sum(), 12);
            }
        }
    }

    private static double[][] Random(int vectors, int length, ulong seed)
    {
        float[] values = new float[vectors * length];
        CounterRandom.FillNormal(values, seed, 0, 1);
        return [.. values.Select(value => (double)value).Chunk(length)];
    }
}
