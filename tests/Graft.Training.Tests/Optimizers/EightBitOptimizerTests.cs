using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Training.Optimizers;

namespace Graft.Training.Tests.Optimizers;

public unsafe class EightBitOptimizerTests
{
    private const int Count = 5000;

    private static readonly Dictionary<string, Func<ParameterSlot[], ParameterGroup[], EightBitStates?, Optimizer>> Makers = new()
    {
        ["Adam"] = (slots, groups, eightBit) => new Adam(slots, groups, eightBit: eightBit),
        ["AdamW"] = (slots, groups, eightBit) => new AdamW(slots, groups, eightBit: eightBit),
        ["AdamW AMSGrad"] = (slots, groups, eightBit) => new AdamW(slots, groups, new AdamOptions(AmsGrad: true), eightBit),
        ["Lion"] = (slots, groups, eightBit) => new Lion(slots, groups, eightBit: eightBit),
        ["SGD momentum"] = (slots, groups, eightBit) => new Sgd(slots, groups, new SgdOptions(Momentum: 0.9), eightBit),
        ["RMSprop"] = (slots, groups, eightBit) => new RmsProp(slots, groups, eightBit: eightBit),
        ["RMSprop centered momentum"] = (slots, groups, eightBit) => new RmsProp(slots, groups, new RmsPropOptions(Momentum: 0.5, Centered: true), eightBit),
        ["Adagrad"] = (slots, groups, eightBit) => new Adagrad(slots, groups, new AdagradOptions(InitialAccumulator: 0.25), eightBit),
        ["AdEMAMix"] = (slots, groups, eightBit) => new AdEmaMix(slots, groups, eightBit: eightBit),
    };

    public static TheoryData<string> Names => [.. Makers.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_is_the_fp32_step_on_decoded_moments_that_are_encoded_anew(string name)
    {
        ParameterGroup[] group = [new ParameterGroup(0.01, 0.1)];
        using Optimizer quantized = Makers[name](OptimizerRuns.OneVector(Count), group, new EightBitStates());
        using Optimizer full = Makers[name](OptimizerRuns.OneVector(Count), group, null);
        float[] first = OptimizerRuns.Noise(Count, 3);
        float[] second = [.. first];
        for (int step = 0; step < 5; step++)
        {
            OptimizerRuns.Take(quantized, first, step, step + 1);
            OptimizerRuns.Take(full, second, step, step + 1);
            Assert.Equal(second, first);
            foreach (OptimizerState state in full.State)
            {
                RoundTrip(state);
                Assert.Equal(state.Span(0, Count).ToArray(), Decoded(quantized, state.Name));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Restored_state_goes_on_bit_for_bit(string name)
    {
        ParameterGroup[] group = [new ParameterGroup(0.01, 0.1)];
        Optimizer Make() => Makers[name](OptimizerRuns.OneVector(Count), group, new EightBitStates());
        using Optimizer whole = Make(), before = Make(), after = Make();
        float[] uninterrupted = OptimizerRuns.Noise(Count, 3);
        float[] resumed = [.. uninterrupted];
        OptimizerRuns.Take(whole, uninterrupted, 0, 6);
        OptimizerRuns.Take(before, resumed, 0, 3);
        OptimizerRuns.CopyState(before, after);
        OptimizerRuns.Take(after, resumed, 3, 6);
        Assert.Equal(uninterrupted, resumed);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Tiles_may_be_taken_in_any_order(string name)
    {
        const int Many = 40_100;
        ParameterGroup[] group = [new ParameterGroup(0.01, 0.1)];
        ParameterSlot[] slots = ParameterSlot.Pack([("a", [3], 0), ("b", [Many], 0)]);
        using Optimizer inOrder = Makers[name](slots, group, new EightBitStates()), backwards = Makers[name](slots, group, new EightBitStates());
        float[] first = OptimizerRuns.Noise(Many + 3, 3);
        float[] second = [.. first];
        for (int step = 0; step < 3; step++)
        {
            float[] gradients = OptimizerRuns.Noise(Many + 3, 4 + step);
            inOrder.Step(first, gradients);
            backwards.Begin();
            fixed (float* parameter = second, gradient = gradients)
            {
                for (int tile = backwards.TileCount - 1; tile >= 0; tile--)
                {
                    backwards.Update(parameter, gradient, tile, tile + 1);
                }
            }
        }

        Assert.Equal(first, second);
    }

    [Fact]
    public void Small_parameters_and_embeddings_keep_fp32_moments()
    {
        ParameterSlot[] slots =
        [
            new("small", 0, [4095], 0), new("large", 4095, [64, 64], 0), new("embedding", 8191, [100, 50], 0, KeepsFullState: true),
        ];
        using var optimizer = new AdamW(slots, [new ParameterGroup(0.01)], eightBit: new EightBitStates());
        OptimizerState State(string name) => optimizer.State.Single(state => state.Name == name);
        Assert.Equal([0, 2], State("exp_avg").Regions.Select(region => region.Parameter));
        Assert.Equal(4095 + 5000, State("exp_avg").Length);
        Assert.Equal((1, DType.UInt8, 4096), (State("exp_avg.codes").Regions.Single().Parameter, State("exp_avg.codes").DType, State("exp_avg.codes").Length));
        Assert.Equal(16, State("exp_avg_sq.absmax").Length);

        using var full = new AdamW(slots, [new ParameterGroup(0.01)]);
        float[] first = OptimizerRuns.Noise(13191, 1);
        float[] second = [.. first];
        OptimizerRuns.Take(optimizer, first, 0, 4);
        OptimizerRuns.Take(full, second, 0, 4);
        Assert.Equal(second[..4095], first[..4095]);
        Assert.Equal(second[8191..], first[8191..]);
        Assert.NotEqual(second[4095..8191], first[4095..8191]);
    }

    [Fact]
    public void State_takes_a_little_more_than_a_byte_for_each_moment()
    {
        const int Many = 1 << 20;
        using var optimizer = new AdamW(OptimizerRuns.OneVector(Many), [new ParameterGroup(0.01)], eightBit: new EightBitStates());
        Assert.Equal(2 * (Many + (Many / 64)), optimizer.State.Sum(state => state.ByteLength));
    }

    [Fact]
    public void A_gradient_that_is_not_a_number_spoils_its_block_and_no_other()
    {
        using var optimizer = new AdamW(OptimizerRuns.OneVector(Count), [new ParameterGroup(0.01)], eightBit: new EightBitStates());
        float[] parameters = OptimizerRuns.Noise(Count, 1);
        float[] gradients = OptimizerRuns.Noise(Count, 2);
        gradients[300] = float.NaN;
        optimizer.Step(parameters, gradients);
        optimizer.Step(parameters, OptimizerRuns.Noise(Count, 3));
        Assert.Equal(Enumerable.Range(256, 256), Enumerable.Range(0, Count).Where(i => float.IsNaN(parameters[i])));
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var optimizer = new AdamW(OptimizerRuns.OneVector(Count), [new ParameterGroup(0.1)], eightBit: new EightBitStates());
        float[] parameters = new float[Count];
        float[] gradients = OptimizerRuns.Noise(Count, 1);
        optimizer.Step(parameters, gradients);
        long before = GC.GetAllocatedBytesForCurrentThread();
        optimizer.Step(parameters, gradients);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("adamw_8bit", typeof(AdamW))]
    [InlineData("adamw_bnb_8bit", typeof(AdamW))]
    [InlineData("paged_adamw_8bit", typeof(AdamW))]
    [InlineData("lion_8bit", typeof(Lion))]
    [InlineData("paged_lion_8bit", typeof(Lion))]
    [InlineData("ademamix_8bit", typeof(AdEmaMix))]
    [InlineData("paged_ademamix_8bit", typeof(AdEmaMix))]
    [InlineData("rmsprop_bnb_8bit", typeof(RmsProp))]
    public void The_trainer_knows_them_by_name(string name, Type type)
    {
        using Optimizer optimizer = OptimizerFactory.Create(new TrainingArguments { Optim = name }, OptimizerRuns.OneVector(Count), [new ParameterGroup(0.01)]);
        Assert.IsType(type, optimizer);
        Assert.Contains(optimizer.State, state => state.DType == DType.UInt8);
    }

    // bitsandbytes has signed codes for its first state and unsigned ones for its second, whatever they hold.
    private static bool IsSigned(string name) => !name.Contains("exp_avg_sq", StringComparison.Ordinal);

    private static void RoundTrip(OptimizerState state)
    {
        byte[] codes = new byte[Count];
        float[] scales = new float[(Count + 255) / 256];
        float[] map = CodeTables.Dynamic(IsSigned(state.Name));
        fixed (byte* code = codes)
        fixed (float* scale = scales)
        {
            BlockwiseQuantizer.Quantize(new WeightView((nint)state.Pointer, DType.Float32, 1, Count), map, 256, code, scale);
            BlockwiseQuantizer.Dequantize(code, Count, scale, map, 256, state.Pointer);
        }
    }

    private static float[] Decoded(Optimizer optimizer, string name)
    {
        OptimizerState codes = optimizer.State.Single(state => state.Name == $"{name}.codes");
        OptimizerState scales = optimizer.State.Single(state => state.Name == $"{name}.absmax");
        float[] values = new float[Count];
        fixed (float* destination = values)
        {
            BlockwiseQuantizer.Dequantize(codes.Data, Count, scales.Pointer, CodeTables.Dynamic(IsSigned(name)), 256, destination);
        }

        return values;
    }
}
