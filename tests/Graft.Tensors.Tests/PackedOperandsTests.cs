using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

/// <summary>Inputs of bf16 products that are packed once: how often, never stale, and not for longer than needed.</summary>
public sealed unsafe class PackedOperandsTests : IDisposable
{
    private const int In = 70;
    private const int Out = 45;
    private const int Rank = 4;
    private const float Scaling = 0.5f;

    private readonly Tape _tape = new() { Mode = TapeMode.Recording, Precision = ComputePrecision.BFloat16, RandomSeed = 5 };
    private readonly SequenceLayout _layout = TestData.Layout(9, 14);
    private readonly Parameter _weight = TestData.Parameter("weight", TestData.Uniform(In * Out, 1), Out, In);
    private readonly Parameter _square = TestData.Parameter("square", TestData.Uniform(In * In, 2), In, In);
    private readonly Parameter _a = TestData.Parameter("a", TestData.Uniform(In * Rank, 3), Rank, In);
    private readonly Parameter _b = TestData.Parameter("b", TestData.Uniform(Out * Rank, 4), Out, Rank);
    private readonly Parameter _squareB = TestData.Parameter("squareB", TestData.Uniform(In * Rank, 4), In, Rank);

    public void Dispose()
    {
        InstructionSet.Current = InstructionSet.Best;
        _tape.Dispose();
    }

    [Theory]
    [InlineData(0, 5)] // x goes into three weights and three factors
    [InlineData(0.25f, 2)] // each factor has an input of its own
    public void An_input_of_several_layers_and_their_adapters_is_packed_once(float dropout, long reused)
    {
        Tensor x = Leaf(6);
        for (int i = 0; i < 3; i++)
        {
            Tensor y = Op.Linear(_tape, x, _weight, null);
            Op.Lora(_tape, x, y, _a, _b, null, Scaling, dropout);
        }

        Assert.Equal(reused, _tape.PackedOperands.Reused);
    }

    [Fact]
    public void A_gradient_is_packed_once_for_the_weight_and_the_factor()
    {
        using var buffer = new ParameterBuffer([_a, _b]);
        Tensor x = Leaf(6);
        Tensor y = Op.Linear(_tape, x, _weight, null);
        Op.Lora(_tape, x, y, _a, _b, null, Scaling, dropout: 0);
        float[] dy = TestData.Uniform((int)y.Count, 7);
        TestData.Seed(_tape, y, dy);
        long before = _tape.PackedOperands.Reused;
        _tape.Backward();
        Assert.Equal(before + 1, _tape.PackedOperands.Reused);

        float[] expected = new float[x.Count], dh = new float[x.Rows * Rank];
        fixed (float* gradient = dy, input = expected, hidden = dh)
        {
            Gemm.MultiplyBFloat16(x.Rows, gradient, Out, _b.View, hidden, Rank, accumulate: false);
            VectorKernels.Scale(hidden, Scaling, dh.Length);
            Gemm.MultiplyBFloat16(x.Rows, hidden, Rank, _a.View, input, In, accumulate: false);
            Gemm.MultiplyBFloat16(x.Rows, gradient, Out, _weight.View, input, In, accumulate: true);
        }

        Assert.Equal(expected, TestData.Gradient(x));
    }

    public static TheoryData<string> Writers => ["span", "row", "pointer", "lora", "rounding", "bias", "moved"];

    [Theory]
    [MemberData(nameof(Writers))]
    public void What_has_been_written_to_is_packed_again(string writer)
    {
        Tensor x = Leaf(6);
        int scope = _tape.BeginScope();
        Op.Linear(_tape, x, _weight, null);
        switch (writer)
        {
            case "span": x.Span[3] = 4; break;
            case "row": x.Row(1)[0] = 4; break;
            case "pointer": x.Data[5] = 4; break;
            case "lora": Op.Lora(_tape, Leaf(8), x, _a, _squareB, null, Scaling, dropout: 0); break;
            case "rounding": _tape.Round(x); break;
            case "bias": BiasKernels.AddRow(x.Data, x.Rows, x.Columns, _square.View); break;
            default: _tape.EndScope(scope, x); break;
        }

        Tensor y = Op.Linear(_tape, x, _weight, null);
        Assert.Equal(0, _tape.PackedOperands.Reused);
        AssertProduct(x, y);
    }

    [Fact]
    public void A_gradient_that_has_been_added_to_is_packed_again()
    {
        Tensor x = Leaf(6);
        float[] values = TestData.Uniform((int)x.Count, 9);
        TestData.Seed(_tape, x, values);
        var y = new float[x.Rows * In];
        fixed (float* target = y)
        {
            LinearProduct.Multiply(_tape, LinearLayout.InOut, RowOperand.OfGradient(x), _square, target, accumulate: false);
            new Span<float>(_tape.GradientOf(x, out _), 2).Fill(3);
            LinearProduct.Multiply(_tape, LinearLayout.InOut, RowOperand.OfGradient(x), _square, target, accumulate: false);
            values.AsSpan(0, 2).Fill(3);
            fixed (float* gradient = values, expected = new float[y.Length])
            {
                Gemm.MultiplyBFloat16(x.Rows, gradient, In, _square.View, expected, In, accumulate: false);
                Assert.Equal(new Span<float>(expected, y.Length).ToArray(), y);
            }
        }
    }

    [Fact]
    public void A_tensor_and_its_gradient_are_two_things()
    {
        Tensor x = Leaf(6);
        TestData.Seed(_tape, x, TestData.Uniform((int)x.Count, 9));
        Tensor y = Op.Linear(_tape, x, _weight, null);
        float* other = _tape.Arena.Allocate(y.Count);
        LinearProduct.Multiply(_tape, LinearLayout.OutIn, RowOperand.OfGradient(x), _weight, other, accumulate: false);
        Assert.Equal(0, _tape.PackedOperands.Reused);
        Assert.NotEqual(y.Span.ToArray(), new Span<float>(other, (int)y.Count).ToArray());
    }

    [Fact]
    public void Memory_and_handles_that_are_used_again_bring_no_old_copy_back()
    {
        _tape.Mode = TapeMode.Inference;
        for (int step = 0; step < 3; step++)
        {
            for (int i = 0; i < 3; i++)
            {
                Tensor x = Leaf((ulong)(10 + (3 * step) + i));
                Tensor y = Op.Linear(_tape, x, _weight, null);
                AssertProduct(x, y);
                _tape.Release(x); // The next x has this one's memory.
                _tape.Release(y);
            }

            _tape.Reset(); // The next x has this one's handle too.
        }

        Assert.Equal(0, _tape.PackedOperands.Reused);
    }

    [Fact]
    public void Copies_fit_the_tile_in_use()
    {
        Tensor x = Leaf(6);
        foreach (Isa isa in Enum.GetValues<Isa>().Where(isa => isa <= InstructionSet.Best))
        {
            InstructionSet.Current = isa;
            AssertProduct(x, Op.Linear(_tape, x, _weight, null));
        }
    }

    [Fact]
    public void Copies_are_freed_with_the_tensor_at_the_end_of_a_scope_and_when_others_are_needed()
    {
        Tensor x = Leaf(6);
        long one = sizeof(uint) * BFloat16Operand.UnitsOf(BFloat16Tile.Current, x.Rows, In);
        int scope = _tape.BeginScope();
        Tensor y = Op.Linear(_tape, x, _square, null);
        Assert.Equal(one, _tape.PackedOperands.Bytes);
        for (int i = 0; i < 5; i++)
        {
            y = Op.Linear(_tape, y, _square, null);
            Assert.Equal(2 * one, _tape.PackedOperands.Bytes);
        }

        _tape.Release(y);
        Assert.Equal(2 * one, _tape.PackedOperands.Bytes);
        _tape.EndScope(scope, Op.Linear(_tape, x, _square, null));
        Assert.Equal(0, _tape.PackedOperands.Bytes);
        _tape.Mode = TapeMode.Inference;
        Tensor z = Leaf(7);
        long before = _tape.Arena.BytesInUse;
        Tensor product = Op.Linear(_tape, z, _square, null);
        _tape.Release(z);
        Assert.Equal(0, _tape.PackedOperands.Bytes);
        _tape.Release(product);
        Assert.True(_tape.Arena.BytesInUse < before);
    }

    [Fact]
    public void A_step_has_the_bits_of_one_that_packs_for_every_product()
    {
        float[][] Run(bool again)
        {
            using var buffer = new ParameterBuffer([_a, _b, _squareB]);
            using var tape = new Tape { Mode = TapeMode.Recording, Precision = ComputePrecision.BFloat16, RandomSeed = 5 };
            Tensor x = TestData.Leaf(tape, _layout, TestData.Uniform(_layout.Rows * In, 6));
            Tensor input = x;
            for (int i = 0; i < 3; i++)
            {
                Tensor y = Op.Linear(tape, input, _square, null);
                _ = again ? input.Data : null;
                Op.Lora(tape, input, y, _a, _squareB, null, Scaling, dropout: i == 1 ? 0.3f : 0);
                _ = again ? input.Data : null;
                input = Op.Add(tape, y, Op.Linear(tape, input, _square, null));
            }

            Assert.Equal(again, tape.PackedOperands.Reused == 0);
            Tensor last = Op.Linear(tape, input, _weight, null);
            float[] output = last.Span.ToArray();
            TestData.Seed(tape, last, TestData.Uniform((int)last.Count, 8));
            tape.Backward();
            return [output, TestData.Gradient(x), TestData.Gradient(_a), TestData.Gradient(_squareB)];
        }

        Assert.Equal(Run(again: true), Run(again: false));
    }

    private Tensor Leaf(ulong seed) => TestData.Leaf(_tape, _layout, TestData.Uniform(_layout.Rows * In, seed));

    private void AssertProduct(Tensor x, Tensor y)
    {
        fixed (float* expected = new float[y.Count])
        {
            Gemm.MultiplyTransposedBFloat16(x.Rows, x.ReadOnlyData, x.Columns, _weight.View, expected, Out, accumulate: false);
            Assert.Equal(new Span<float>(expected, (int)y.Count).ToArray(), y.Span.ToArray());
        }
    }
}
