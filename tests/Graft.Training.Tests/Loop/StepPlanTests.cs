using FsCheck;
using FsCheck.Fluent;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

public sealed class StepPlanTests
{
    [Theory]
    [InlineData(10, 2, 1, 3.0, -1, 15, 3)]
    [InlineData(11, 2, 4, 1.5, -1, 3, 2)]
    [InlineData(10, 3, 2, 1.1, -1, 3, 2)]
    [InlineData(10, 2, 1, 3.0, 7, 7, 2)]
    [InlineData(10, 2, 1, 3.0, 10, 10, 2)]
    public void Steps_and_epochs_are_the_Trainers(int rows, int batch, int accumulation, double epochs, int maxSteps, int steps, int begun)
    {
        StepPlan plan = Plan(rows, new TrainingArguments { PerDeviceTrainBatchSize = batch, GradientAccumulationSteps = accumulation, NumTrainEpochs = epochs, MaxSteps = maxSteps });

        Assert.Equal(steps, plan.MaxSteps);
        Assert.Equal(begun, plan.NumTrainEpochs);
    }

    [Fact]
    public void Every_step_has_its_place_and_every_batch_is_used_once()
    {
        var cases = from rows in Gen.Choose(1, 40)
                    from batch in Gen.Choose(1, 5)
                    from accumulation in Gen.Choose(1, 5)
                    from epochs in Gen.Choose(1, 3)
                    from limit in Gen.Elements<int?>(null, 12, 20)
                    select (rows, batch, accumulation, epochs, limit);
        Prop.ForAll(cases.ToArbitrary(), run =>
        {
            var arguments = new TrainingArguments { PerDeviceTrainBatchSize = run.batch, MaxTokensPerBatch = run.limit, GradientAccumulationSteps = run.accumulation, NumTrainEpochs = run.epochs };
            BatchPlan batches = Batches(run.rows, arguments);
            var plan = new StepPlan(batches, arguments);
            int step = 0;
            for (int epoch = 0; epoch < run.epochs; epoch++)
            {
                int next = 0;
                for (int window = 0; window < plan.WindowsIn(epoch); window++)
                {
                    Assert.Equal((epoch, window), plan.PositionAfter(step++));
                    (int first, int end) = plan.Window(epoch, window);
                    Assert.Equal(next, first);
                    Assert.InRange(end - first, 1, run.accumulation);
                    next = end;
                }

                Assert.Equal(batches.BatchesIn(epoch), next);
            }

            Assert.Equal(step, plan.MaxSteps);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static StepPlan Plan(int rows, TrainingArguments arguments) => new(Batches(rows, arguments), arguments);

    private static BatchPlan Batches(int rows, TrainingArguments arguments)
        => new(TinyRuns.Samples(rows), new BatchOptions { PerDeviceTrainBatchSize = arguments.PerDeviceTrainBatchSize, MaxTokensPerBatch = arguments.MaxTokensPerBatch });
}
