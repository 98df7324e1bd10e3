namespace Graft.Tensors.Tests;

public unsafe class ParameterBufferTests
{
    [Fact]
    public void Parameters_move_in_widened_each_on_a_cache_line_of_its_own()
    {
        Parameter first = TestData.Parameter("first", TestData.Uniform(17, 1));
        float[] values = first.ToArray();
        ushort[] bits = [.. new[] { 1.5f, -2f, 0.25f }.Select(BFloat16.FromSingle)];
        fixed (ushort* data = bits)
        {
            var second = new Parameter("second", [3], DType.BFloat16, (nint)data, owner: null);
            using var buffer = new ParameterBuffer([first, second]);
            Assert.Equal(48, buffer.Count);
            Assert.Equal(32, buffer.OffsetOf(1));
            Assert.Equal(values, first.Values.ToArray());
            Assert.Equal(DType.Float32, second.DType);
            Assert.Equal([1.5f, -2f, 0.25f], second.Values.ToArray());
            Assert.True(second.Singles == buffer.Values + 32);
            Assert.True(second.Gradient == buffer.Gradients + 32);
            Assert.True(second.RequiresGrad && second.WantsGradient);
            Assert.All(new Span<float>(buffer.Values + 17, 15).ToArray(), gap => Assert.Equal(0, gap));
        }
    }

    [Fact]
    public void Gradients_clear_and_go_with_the_buffer_and_values_stay()
    {
        Parameter parameter = TestData.Parameter("p", [1, 2, 3]);
        var buffer = new ParameterBuffer([parameter]);
        parameter.Gradient[2] = 5;
        buffer.ClearGradients();
        Assert.Equal(new float[3], TestData.Gradient(parameter));
        parameter.Values[1] = 9;
        buffer.Dispose();
        Assert.False(parameter.WantsGradient);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal([1, 9, 3], parameter.Values.ToArray());
    }
}
