using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

/// <summary>What must hold of a whole step through all the ops (designs D4 and D7).</summary>
public class StepTests
{
    private static readonly int[] Lengths = [70, 1, 0, 33, 600];

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        int before = WorkerPool.Shared.WorkerCount;
        try
        {
            WorkerPool.Resize(1);
            (LossSum loss, float[] gradients) = Run(checkpointing: false);
            foreach (int threads in new[] { 2, 3, 8 })
            {
                WorkerPool.Resize(threads);
                (LossSum again, float[] gradientsAgain) = Run(checkpointing: false);
                Assert.Equal(loss, again);
                Assert.Equal(gradients, gradientsAgain);
            }
        }
        finally
        {
            WorkerPool.Resize(before);
        }
    }

    [Fact]
    public void Any_instruction_set_gives_the_same_bits()
    {
        Isa before = InstructionSet.Current;
        try
        {
            InstructionSet.Current = Isa.Scalar;
            (LossSum loss, float[] gradients) = Run(checkpointing: false);
            foreach (Isa isa in LaneFunctions.Available)
            {
                InstructionSet.Current = isa;
                (LossSum again, float[] gradientsAgain) = Run(checkpointing: false);
                Assert.Equal(loss, again);
                Assert.Equal(gradients, gradientsAgain);
            }
        }
        finally
        {
            InstructionSet.Current = before;
        }
    }

    [Fact]
    public void Gradient_checkpointing_gives_the_same_bits()
    {
        (LossSum loss, float[] gradients) = Run(checkpointing: false);
        (LossSum again, float[] gradientsAgain) = Run(checkpointing: true);
        Assert.Equal(loss, again);
        Assert.Equal(gradients, gradientsAgain);
        Assert.All(gradients, g => Assert.True(float.IsFinite(g)));
        Assert.True(gradients.Count(g => g != 0) > gradients.Length / 2);
    }

    [Fact]
    public void A_steady_step_allocates_nothing_on_the_managed_heap()
    {
        using var chain = new OpChain();
        SequenceLayout layout = TestData.Layout(5, 9);
        float[] input = TestData.Uniform(14 * OpChain.Features, 3);
        int[] targets = OpChain.Targets(14);
        foreach (bool checkpointing in new[] { false, true })
        {
            chain.Checkpointing = checkpointing;
            for (int i = 0; i < 4; i++)
            {
                chain.Step(layout, input, targets);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++)
            {
                chain.Step(layout, input, targets);
            }

            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void The_arena_is_empty_after_a_step_and_stops_growing()
    {
        using var chain = new OpChain();
        SequenceLayout layout = TestData.Layout(Lengths);
        float[] input = TestData.Uniform(layout.Rows * OpChain.Features, 3);
        int[] targets = OpChain.Targets(layout.Rows);
        chain.Step(layout, input, targets);
        long reserved = chain.Tape.Arena.ReservedBytes;
        for (int i = 0; i < 3; i++)
        {
            chain.Step(layout, input, targets);
            Assert.Equal(0, chain.Tape.Arena.BytesInUse);
            Assert.Equal(0, chain.Tape.NodeCount);
        }

        Assert.Equal(reserved, chain.Tape.Arena.ReservedBytes);
    }

    private static (LossSum Loss, float[] Gradients) Run(bool checkpointing)
    {
        using var chain = new OpChain { Checkpointing = checkpointing };
        SequenceLayout layout = TestData.Layout(Lengths);
        LossSum loss = chain.Step(layout, TestData.Uniform(layout.Rows * OpChain.Features, 3), OpChain.Targets(layout.Rows));
        return (loss, chain.Gradients);
    }
}
