using Graft.Peft;
using Graft.Training.Tests;

namespace Graft.Training.Victim;

/// <summary>Trains into the folder <c>out</c> of the working directory, going on from its newest checkpoint. Says when it starts, and is usually killed before it ends.</summary>
public static class Program
{
    /// <summary>The arguments of the run; saving is most of the work, so that many kills meet it.</summary>
    public static TrainingArguments Arguments { get; } = new()
    {
        OutputDir = "out",
        PerDeviceTrainBatchSize = 2,
        PerDeviceEvalBatchSize = 3,
        GradientAccumulationSteps = 2,
        NumTrainEpochs = 4,
        LearningRate = 0.01,
        LrSchedulerType = "cosine",
        WarmupSteps = 3,
        WeightDecay = 0.1,
        LoggingSteps = 1,
        EvalStrategy = IntervalStrategy.Steps,
        EvalSteps = 2,
        SaveSteps = 2,
        SaveTotalLimit = 2,
        LoadBestModelAtEnd = true,
        ResumeFromCheckpoint = "true",
    };

    /// <summary>Trains.</summary>
    public static int Main()
    {
        using PeftModel model = TinyRuns.Model("bloom", loraDropout: 0.1);
        using var trainer = new Trainer(model, TinyRuns.Samples(22), Arguments, TinyRuns.Samples(5, seed: 9));
        using var metrics = new MetricsLog(Arguments.OutputDir);
        trainer.Train(new CompositeObserver(metrics, new Announcer()));
        model.SaveAdapter(Path.Combine(Arguments.OutputDir, "adapter"));
        return 0;
    }

    private sealed class Announcer : ITrainingObserver
    {
        public void OnStart(TrainingPlan plan)
        {
            Console.Out.WriteLine("started");
            Console.Out.Flush();
        }
    }
}
