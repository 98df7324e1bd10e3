namespace Graft.Training.Tests.Loop;

public sealed class TrainingArgumentsTests
{
    [Fact]
    public void Defaults_are_valid() => new TrainingArguments().Validate();

    [Fact]
    public void Values_that_cannot_be_are_refused_by_name()
    {
        Refused("per_device_train_batch_size", new TrainingArguments { PerDeviceTrainBatchSize = 0 });
        Refused("gradient_accumulation_steps", new TrainingArguments { GradientAccumulationSteps = -1 });
        Refused("learning_rate", new TrainingArguments { LearningRate = double.NaN });
        Refused("learning_rate", new TrainingArguments { LearningRate = double.PositiveInfinity });
        Refused("warmup_ratio", new TrainingArguments { WarmupRatio = 1.5 });
        Refused("max_grad_norm", new TrainingArguments { MaxGradNorm = -1 });
        Refused("num_train_epochs", new TrainingArguments { NumTrainEpochs = 0 });
        Refused("label_smoothing_factor", new TrainingArguments { LabelSmoothingFactor = 1 });
        Refused("logging_steps", new TrainingArguments { LoggingSteps = 0 });
        Refused("eval_steps", new TrainingArguments { EvalStrategy = IntervalStrategy.Steps, EvalSteps = 0 });
        Refused("save_total_limit", new TrainingArguments { SaveTotalLimit = 0 });
        Refused("early_stopping_patience", new TrainingArguments { EvalStrategy = IntervalStrategy.Epoch, EarlyStoppingPatience = 0 });
        Refused("metric_for_best_model 'accuracy' is not measured", new TrainingArguments { EvalStrategy = IntervalStrategy.Epoch, MetricForBestModel = "accuracy" });
        Refused("need an eval_strategy", new TrainingArguments { LoadBestModelAtEnd = true });
        Refused("need an eval_strategy", new TrainingArguments { LrSchedulerType = "greedy" });
        Refused("to be the same", new TrainingArguments { LoadBestModelAtEnd = true, EvalStrategy = IntervalStrategy.Epoch });
        Refused("multiple of eval_steps", new TrainingArguments { LoadBestModelAtEnd = true, EvalStrategy = IntervalStrategy.Steps, EvalSteps = 3, SaveSteps = 4 });
    }

    [Fact]
    public void Optimizer_arguments_are_checked_by_name()
    {
        static string Error(string optim, string? text) => Assert.Throws<ArgumentException>(() => OptimizerFactory.Create(new TrainingArguments { Optim = optim, OptimArgs = text }, [], [])).Message;

        Assert.Contains("did you mean 'adamw_torch'", Error("adam_torch", null), StringComparison.Ordinal);
        Assert.Contains("did you mean 'momentum'", Error("sgd", "momentun=0.9"), StringComparison.Ordinal);
        Assert.Contains("'nesterov' must be true or false", Error("sgd", "momentum=0.9, nesterov=yes"), StringComparison.Ordinal);
        Assert.Contains("'momentum' must be a number", Error("sgd", "momentum=fast"), StringComparison.Ordinal);
        Assert.Contains("not of the form name=value", Error("sgd", "momentum"), StringComparison.Ordinal);
        Assert.Contains("given twice", Error("sgd", "momentum=0.9,momentum=0.8"), StringComparison.Ordinal);
        Assert.Contains("it takes none", Error("adamw_torch", "amsgrad=true"), StringComparison.Ordinal);
        OptimizerFactory.Create(new TrainingArguments { Optim = "sgd", OptimArgs = " momentum = 0.9 , nesterov = True " }, [], []).Dispose();
    }

    private static void Refused(string says, TrainingArguments arguments)
        => Assert.Contains(says, Assert.Throws<ArgumentException>(arguments.Validate).Message, StringComparison.Ordinal);
}
