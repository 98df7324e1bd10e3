namespace Graft.Tensors.Tests;

public unsafe class CheckpointTests
{
    [Fact]
    public void Only_the_input_of_a_block_is_kept()
    {
        (long plain, float[] expected) = Run(checkpointing: false);
        (long checkpointed, float[] gradients) = Run(checkpointing: true);
        Assert.Equal(expected, gradients);
        Assert.True(checkpointed < 0.4 * plain, $"{checkpointed} of {plain} bytes");
    }

    [Fact]
    public void Recomputing_leaves_nothing_behind()
    {
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 3 };
        Tensor x = TestData.Leaf(tape, TestData.Layout(10), TestData.Uniform(160, 1));
        Tensor y = Checkpoint.Run(tape, new Block(), x, state: null);
        Assert.Equal(1, tape.NodeCount);
        TestData.Seed(tape, y, TestData.Uniform(160, 2));
        tape.Backward();
        Assert.Equal(0, tape.NodeCount);

        // The block's output, and the gradient of its input.
        Assert.Equal(2 * 640, tape.Arena.BytesInUse);
    }

    [Fact]
    public void A_block_inside_a_block_gives_the_same_bits()
    {
        float[] Gradient(bool checkpointing)
        {
            using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 3 };
            Tensor x = TestData.Leaf(tape, TestData.Layout(10), TestData.Uniform(160, 1));
            var outer = new Outer { Checkpointing = checkpointing };
            Tensor y = checkpointing ? Checkpoint.Run(tape, outer, x, state: null) : outer.Run(tape, x, state: null);
            Assert.Equal(4, tape.RandomOrdinal);
            TestData.Seed(tape, y, TestData.Uniform(160, 2));
            tape.Backward();
            return TestData.Gradient(x);
        }

        Assert.Equal(Gradient(checkpointing: false), Gradient(checkpointing: true));
    }

    [Fact]
    public void In_inference_a_block_just_runs()
    {
        using var tape = new Tape();
        Tensor x = TestData.Leaf(tape, TestData.Layout(10), TestData.Uniform(160, 1));
        Checkpoint.Run(tape, new Block(), x, state: null);
        Assert.Equal(0, tape.NodeCount);
    }

    private static (long Peak, float[] Gradient) Run(bool checkpointing)
    {
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 3 };
        var block = new Block();
        Tensor x = TestData.Leaf(tape, TestData.Layout(100), TestData.Uniform(1600, 1));
        Tensor y = x;
        for (int i = 0; i < 20; i++)
        {
            y = checkpointing ? Checkpoint.Run(tape, block, y, state: null) : block.Run(tape, y, state: null);
        }

        TestData.Seed(tape, y, TestData.Uniform(1600, 2));
        tape.Backward();
        return (tape.Arena.PeakBytes, TestData.Gradient(x));
    }

    private sealed class Block : IRecomputable
    {
        public Tensor Run(Tape tape, Tensor input, object? state)
        {
            Tensor h = Op.LayerNorm(tape, input, null, null, 1e-5f);
            h = Op.Dropout(tape, Op.Activation(tape, h, ActivationKind.Gelu), 0.1f);
            return Op.Add(tape, input, Op.Dropout(tape, h, 0.2f));
        }
    }

    private sealed class Outer : IRecomputable
    {
        private readonly Block _block = new();

        public bool Checkpointing { get; init; }

        public Tensor Run(Tape tape, Tensor input, object? state)
        {
            for (int i = 0; i < 2; i++)
            {
                input = Checkpointing ? Checkpoint.Run(tape, _block, input, state: null) : _block.Run(tape, input, state: null);
            }

            return input;
        }
    }
}
