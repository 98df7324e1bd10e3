using Graft.Cli.Configuration;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Rendering;

/// <summary>What a run is about to do, in a few lines.</summary>
internal static class PlanText
{
    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(PreparedRun run)
    {
        (long trainable, long all) = run.Model.CountParameters();
        TrainingArguments arguments = run.Arguments;
        LengthStatistics lengths = run.Data.Statistics;
        yield return $"model    {run.Model.Base.Config.ModelType}, {all:N0} parameters, {trainable:N0} trained ({100.0 * trainable / all:0.##} %) by {MethodName(run.Configuration.Method)}";
        if (StorageText.Of(run.Model.Base) is { } storage)
        {
            yield return $"base     {storage}; {Units.Bytes(StorageText.BytesOf(run.Model.Base))} with what is not quantised";
        }

        yield return $"data     {lengths.Count:N0} samples of {lengths.Min} to {lengths.Max} tokens, {lengths.TotalTokens:N0} tokens, {lengths.TrainableTokens:N0} of them learnt"
            + (run.Data.EvalSamples.Count > 0 ? $"; {run.Data.EvalSamples.Count:N0} samples held back" : string.Empty);
        string accumulated = arguments.GradientAccumulationSteps > 1 ? $" x {arguments.GradientAccumulationSteps} accumulated" : string.Empty;
        string what = run.Data.IsPacked ? "packs" : "samples";
        yield return $"steps    {run.Steps.MaxSteps:N0} of {arguments.PerDeviceTrainBatchSize} {what}{accumulated}, {arguments.LrSchedulerType} from {arguments.LearningRate:0.##e+0}";
        yield return $"compute  {(arguments.Bf16 ? "bf16 products, sums in fp32" : "fp32")} ({run.Configuration.Arithmetic.Reason})";
        yield return $"output   {run.Configuration.OutputDir}";
    }

    private static string MethodName(TrainingMethod method) => method switch
    {
        TrainingMethod.Full => "full fine-tuning",
        TrainingMethod.Ia3 => "(IA)3",
        _ => "LoRA",
    };
}
