namespace Graft.Tensors.Tests;

public unsafe class TapeTests
{
    [Fact]
    public void Nothing_is_recorded_below_the_lowest_trainable_parameter()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Parameter frozen = TestData.Parameter("frozen", TestData.Uniform(12, 1), 4, 3);
        Parameter trained = TestData.Parameter("trained", TestData.Uniform(8, 2), 2, 4);
        using var buffer = new ParameterBuffer([trained]);
        Tensor x = TestData.Leaf(tape, TestData.Layout(5), TestData.Uniform(15, 3), requiresGrad: false);
        Tensor h = Op.Activation(tape, Op.Linear(tape, x, frozen, null), ActivationKind.Gelu);
        Assert.False(h.RequiresGrad);
        Assert.Equal(0, tape.NodeCount);
        Tensor y = Op.Linear(tape, h, trained, null);
        Assert.True(y.RequiresGrad);
        Assert.Equal(1, tape.NodeCount);
        TestData.Seed(tape, y, new float[10]);
        tape.Backward();
        Assert.True(h.Gradient == null);
    }

    [Theory]
    [InlineData(TapeMode.Inference, false)]
    [InlineData(TapeMode.Tracking, true)]
    public void Modes_without_recording_make_no_nodes(TapeMode mode, bool tracks)
    {
        using var tape = new Tape { Mode = mode };
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(12, 1), 4, 3);
        using var buffer = new ParameterBuffer([weight]);
        Tensor y = Op.Linear(tape, TestData.Leaf(tape, TestData.Layout(1), new float[3]), weight, null);
        Assert.Equal(tracks, y.RequiresGrad);
        Assert.Equal(0, tape.NodeCount);
    }

    [Fact]
    public void Backward_frees_what_was_saved_and_every_inner_gradient()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Parameter weight = TestData.Parameter("weight", TestData.Uniform(3, 1));
        using var buffer = new ParameterBuffer([weight]);
        Tensor x = TestData.Leaf(tape, TestData.Layout(2), TestData.Uniform(6, 3));
        Tensor normed = Op.LayerNorm(tape, x, weight, null, 1e-5f);
        Tensor y = Op.Activation(tape, normed, ActivationKind.Silu);
        TestData.Seed(tape, y, [1, 2, 3, 4, 5, 6]);
        tape.Backward();
        Assert.True(x.Data == null && normed.Data == null);
        Assert.True(normed.Gradient == null && y.Gradient == null);
        Assert.Equal(2 * 64, tape.Arena.BytesInUse);
        Assert.True(y.Data != null && x.Gradient != null);
        tape.Reset();
        Assert.Equal(0, tape.Arena.BytesInUse);
    }

    [Fact]
    public void A_scope_frees_all_but_its_result_and_what_is_saved()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        SequenceLayout layout = TestData.Layout(2);
        Tensor x = TestData.Leaf(tape, layout, TestData.Uniform(6, 3));
        int scope = tape.BeginScope();
        Tensor dropped = Op.Add(tape, x, x);
        Tensor saved = Op.Add(tape, dropped, x);
        Tensor result = Op.Activation(tape, saved, ActivationKind.Tanh);
        tape.EndScope(scope, result);
        Assert.True(x.Data != null && dropped.Data == null && saved.Data != null && result.Data != null);
    }

    [Fact]
    public void A_gradient_moves_only_to_a_tensor_of_the_same_size_that_has_none()
    {
        using var tape = new Tape { Mode = TapeMode.Recording };
        Tensor from = TestData.Leaf(tape, TestData.Layout(2), new float[6]);
        Tensor to = TestData.Leaf(tape, TestData.Layout(2), new float[6]);
        Tensor smaller = TestData.Leaf(tape, TestData.Layout(2), new float[4]);
        TestData.Seed(tape, from, new float[6]);
        float* gradient = from.Gradient;
        Assert.False(Tape.TryMoveGradient(from, smaller));
        Assert.True(Tape.TryMoveGradient(from, to));
        Assert.True(from.Gradient == null && to.Gradient == gradient);
        TestData.Seed(tape, from, new float[6]);
        Assert.False(Tape.TryMoveGradient(from, to));
    }

    [Fact]
    public void A_layout_of_picked_rows_holds_more_than_its_first_capacity()
    {
        var layout = new SequenceLayout();
        int[] positions = [.. Enumerable.Range(0, 1000).Select(i => i * 2)];
        layout.Add(3, firstPosition: 7);
        layout.Add(positions, key: 5);
        Assert.Equal([7, 8, 9, .. positions], layout.Positions.ToArray());
        Assert.Equal([0, 3, 1003], layout.Offsets.ToArray());
        Assert.Equal([0ul, 5ul], layout.Keys.ToArray());
        for (int i = 0; i < 40; i++)
        {
            layout.Add(1, key: (ulong)i);
        }

        Assert.Equal(42, layout.Count);
        Assert.Equal(1043, layout.Rows);
        layout.Clear();
        Assert.Equal(0, layout.Rows);
    }
}
