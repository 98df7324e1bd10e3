using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

public class GradientClippingTests
{
    [Theory]
    [InlineData(1, 7)]
    [InlineData(2, 5)]
    [InlineData(double.PositiveInfinity, 4)]
    public void Norms_of_a_small_vector(double type, double expected)
        => Assert.Equal(expected, GradientClipping.TotalNorm([3, 0, -4], type), 1e-12);

    [Fact]
    public void A_third_norm() => Assert.Equal(Math.Cbrt(27 + 64), GradientClipping.TotalNorm([3, -4], 3), 1e-12);

    [Fact]
    public unsafe void Chunks_summed_one_by_one_give_the_same_bits()
    {
        float[] gradients = OptimizerRuns.Noise((3 * GradientClipping.ChunkLength) + 5, 1);
        double total = 0;
        fixed (float* pointer = gradients)
        {
            for (int start = 0; start < gradients.Length; start += GradientClipping.ChunkLength)
            {
                int count = Math.Min(GradientClipping.ChunkLength, gradients.Length - start);
                total = GradientClipping.Combine(total, GradientClipping.ChunkTerm(pointer + start, count, 2), 2);
            }
        }

        Assert.Equal(GradientClipping.TotalNorm(gradients), GradientClipping.NormOf(total, 2));
        Assert.Equal(Math.Sqrt(gradients.Sum(gradient => (double)gradient * gradient)), GradientClipping.NormOf(total, 2), 1e-9);
    }

    [Fact]
    public void Small_gradients_keep_their_bits()
    {
        float[] gradients = [0.3f, -0.4f];
        Assert.Equal(0.5, GradientClipping.ClipNorm(gradients, 1), 1e-6);
        Assert.Equal([0.3f, -0.4f], gradients);
    }

    [Fact]
    public void Large_gradients_end_just_below_the_limit()
    {
        float[] gradients = [30, -40];
        Assert.Equal(50, GradientClipping.ClipNorm(gradients, 2), 1e-9);
        Assert.InRange(GradientClipping.TotalNorm(gradients), 1.999999, 2);
    }

    [Fact]
    public void A_broken_gradient_is_not_hidden()
        => Assert.True(double.IsNaN(GradientClipping.Factor(GradientClipping.TotalNorm([1, float.NaN]), 1)));

    [Fact]
    public void Values_are_limited_one_by_one()
    {
        float[] gradients = [3, -0.2f, -7];
        GradientClipping.ClipValue(gradients, 0.5f);
        Assert.Equal([0.5f, -0.2f, -0.5f], gradients);
    }
}
