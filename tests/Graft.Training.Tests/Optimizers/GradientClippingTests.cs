using Graft.Tensors.Threading;
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
    public unsafe void The_norm_of_many_gradients_is_the_same_for_any_number_of_threads()
    {
        float[] gradients = OptimizerRuns.Noise(50_005, 1);
        using var three = new WorkerPool(3);
        using var one = new WorkerPool(1);
        fixed (float* pointer = gradients)
        {
            double norm = GradientClipping.TotalNorm(pointer, gradients.Length, 2, one);
            Assert.Equal(norm, GradientClipping.TotalNorm(pointer, gradients.Length, 2, three));
            Assert.Equal(Math.Sqrt(gradients.Sum(gradient => (double)gradient * gradient)), norm, 1e-9);
        }
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
