using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

public class AdamWTests
{
    private static readonly AdamOptions Options = new(Beta1: 0.8, Beta2: 0.95, Epsilon: 1e-4);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Agrees_with_the_formula_in_double_precision(bool amsGrad)
    {
        const int Count = 37;
        const double Rate = 0.05;
        const double Decay = 0.3;
        using var optimizer = new AdamW(OptimizerRuns.OneVector(Count), [new ParameterGroup(Rate, Decay)], Options with { AmsGrad = amsGrad });
        float[] actual = OptimizerRuns.Noise(Count, 1);
        double[] expected = Array.ConvertAll(actual, value => (double)value);
        double[] first = new double[Count];
        double[] second = new double[Count];
        double[] largest = new double[Count];
        for (int step = 1; step <= 12; step++)
        {
            float[] gradients = OptimizerRuns.Noise(Count, step);
            optimizer.Step(actual, gradients);
            for (int i = 0; i < Count; i++)
            {
                double g = gradients[i];
                first[i] = (0.8 * first[i]) + (0.2 * g);
                second[i] = (0.95 * second[i]) + (0.05 * g * g);
                largest[i] = Math.Max(largest[i], second[i]);
                double used = amsGrad ? largest[i] : second[i];
                double corrected = used / (1 - Math.Pow(0.95, step));
                expected[i] *= 1 - (Rate * Decay);
                expected[i] -= Rate * (first[i] / (1 - Math.Pow(0.8, step))) / (Math.Sqrt(corrected) + 1e-4);
                Assert.Equal(expected[i], actual[i], 1e-5);
            }
        }
    }

    [Fact]
    public void Maximizing_the_negated_gradient_is_minimizing_the_gradient()
    {
        float[] down = OptimizerRuns.Noise(9, 1);
        float[] up = [.. down];
        using var descending = new AdamW(OptimizerRuns.OneVector(9), [new ParameterGroup(0.1, 0.1)]);
        using var climbing = new AdamW(OptimizerRuns.OneVector(9), [new ParameterGroup(0.1, 0.1)], new AdamOptions(Maximize: true));
        float[] gradients = OptimizerRuns.Noise(9, 2);
        descending.Step(down, gradients);
        climbing.Step(up, Array.ConvertAll(gradients, gradient => -gradient));
        Assert.Equal(down, up);
    }

    [Fact]
    public void The_gradient_scale_acts_like_scaled_gradients()
    {
        float[] scaled = OptimizerRuns.Noise(21, 1);
        float[] plain = [.. scaled];
        using var first = new AdamW(OptimizerRuns.OneVector(21), [new ParameterGroup(0.1)]) { GradientScale = 0.37f };
        using var second = new AdamW(OptimizerRuns.OneVector(21), [new ParameterGroup(0.1)]);
        float[] gradients = OptimizerRuns.Noise(21, 2);
        first.Step(scaled, gradients);
        second.Step(plain, Array.ConvertAll(gradients, gradient => gradient * 0.37f));
        Assert.Equal(plain, scaled);
    }

    [Fact]
    public void Groups_have_their_own_rates_and_decays()
    {
        ParameterSlot[] slots = ParameterSlot.Pack([("a", [3], 0), ("b", [3], 1)]);
        using var optimizer = new AdamW(slots, [new ParameterGroup(0, 0.5), new ParameterGroup(0.1, 0.5)]);
        float[] parameters = [1, 1, 1, 1, 1, 1];
        optimizer.Step(parameters, new float[6]);
        Assert.Equal([1, 1, 1], parameters[..3]);
        Assert.All(parameters[3..], value => Assert.Equal(0.95f, value, 1e-6f));
    }

    [Fact]
    public void A_parameter_without_gradient_is_left_alone_and_does_not_count_the_step()
    {
        ParameterSlot[] slots = ParameterSlot.Pack([("a", [2], 0), ("b", [2], 0)]);
        using var optimizer = new AdamW(slots, [new ParameterGroup(0.1, 0.5)]);
        float[] parameters = [1, 1, 1, 1];
        optimizer.Step(parameters, [1, 1, 1, 1], [true, false]);
        Assert.Equal([1, 1], parameters[..2]);
        Assert.NotEqual(1, parameters[2]);
        Assert.Equal([0, 1], optimizer.Counters[0].Values);
    }
}
