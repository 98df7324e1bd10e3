using Graft.Cli.Configuration;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Rendering;

/// <summary>What a run is about to do, in a few lines.</summary>
internal static class PlanText
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(PreparedRun run, TrainingPlan plan)
    {
        RunConfiguration configuration = run.Configuration;
        LengthStatistics lengths = run.Data.Statistics;
        double share = 100.0 * plan.TrainableParameters / plan.AllParameters;
        yield return $"model    {run.Model.Base.Config.ModelType}, {plan.AllParameters:N0} parameters, {plan.TrainableParameters:N0} trained ({share:0.##} %) by {MethodName(configuration.Method)}";
        yield return $"data     {plan.Samples:N0} samples of {lengths.Min} to {lengths.Max} tokens, {lengths.TotalTokens:N0} tokens, {lengths.TrainableTokens:N0} of them learnt"
            + (plan.EvalSamples > 0 ? $"; {plan.EvalSamples:N0} samples held back" : string.Empty);
        TrainingArguments arguments = configuration.ToTrainingArguments();
        string accumulated = arguments.GradientAccumulationSteps > 1 ? $" x {arguments.GradientAccumulationSteps} accumulated" : string.Empty;
        yield return $"steps    {plan.MaxSteps:N0} of {arguments.PerDeviceTrainBatchSize} samples{accumulated}, {arguments.LrSchedulerType} from {arguments.LearningRate:0.##e+0}"
            + (plan.ResumedAt > 0 ? $"; resumed after step {plan.ResumedAt:N0}" : string.Empty);
        yield return $"output   {configuration.OutputDir}";
    }

    /// <summary>A method as text.</summary>
    public static string MethodName(TrainingMethod method) => method switch
    {
        TrainingMethod.Full => "full fine-tuning",
        TrainingMethod.Ia3 => "(IA)3",
        _ => "LoRA",
    };
}
