using Graft.Peft;
using Graft.Tensors.Threading;

namespace Graft.Training.Tests.Loop;

public sealed class AllocationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _workers = WorkerPool.Shared.WorkerCount;

    public void Dispose()
    {
        WorkerPool.Resize(_workers);
        _folder.Dispose();
    }

    [Theory]
    [InlineData("bloom", true, false)]
    [InlineData("bloom", true, true)]
    [InlineData("gpt2", true, false)]
    [InlineData("llama", true, false)]
    [InlineData("llama", false, false)]
    public void A_steady_step_allocates_nothing_on_any_thread(string family, bool adapter, bool checkpointing)
    {
        WorkerPool.Resize(2);
        var meter = new AllocationMeter();
        TrainingArguments arguments = Runs.Arguments(_folder.Path) with
        {
            MaxSteps = 40,
            LoggingSteps = 1000,
            LoggingFirstStep = false,
            SaveStrategy = IntervalStrategy.No,
            GradientCheckpointing = checkpointing,
        };
        using PeftModel model = TinyRuns.Model(family, adapter, loraDropout: 0.1);
        using var trainer = new Trainer(model, TinyRuns.Samples(400), arguments);
        trainer.Train(new CompositeObserver(meter, new StepCounter()));

        // After the first steps buffers have their size and all code is compiled.
        const int Warm = 20;
        Assert.All(meter.OwnThread[Warm..], bytes => Assert.Equal(0, bytes));

        // Threads of the test host allocate now and then, those of the run never: in most steps nobody does.
        Assert.InRange(meter.Process[Warm..].Count(bytes => bytes == 0), 15, 20);
    }

    private sealed class StepCounter : ITrainingObserver
    {
        private int _steps;

        public void OnStep(in StepReport report) => _steps++;
    }

    private sealed class AllocationMeter : ITrainingObserver
    {
        private readonly long[] _own = new long[64];
        private readonly long[] _process = new long[64];
        private int _steps;
        private long _lastOwn;
        private long _lastProcess;

        public long[] OwnThread => _own[.._steps];

        public long[] Process => _process[.._steps];

        public void OnStep(in StepReport report)
        {
            long own = GC.GetAllocatedBytesForCurrentThread();
            long process = GC.GetTotalAllocatedBytes(precise: true);
            _own[_steps] = own - _lastOwn;
            _process[_steps] = process - _lastProcess;
            _steps++;
            _lastOwn = GC.GetAllocatedBytesForCurrentThread();
            _lastProcess = GC.GetTotalAllocatedBytes(precise: true);
        }
    }
}
