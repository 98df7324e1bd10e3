using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Planning;

namespace Graft.Cli.Rendering;

/// <summary>What a run will take.</summary>
internal static class PlanReport
{
    /// <summary>Writes it to stdout, or as the <c>summary</c> event.</summary>
    public static void Write(Output output, PreparedRun run, RunEstimate estimate)
    {
        MemoryEstimate memory = estimate.Memory;
        TimeEstimate time = estimate.Time();
        foreach (string line in PlanText.Lines(run))
        {
            output.Line(line);
        }

        (int sequences, int tokens) = estimate.LargestBatchSize;
        output.Line($"batch    the largest has {sequences} samples, {tokens:N0} tokens");
        output.Line();
        Row(output, memory.Trained, "what is trained, with gradients, fp32");
        Row(output, memory.Optimizer, $"state of {run.Arguments.Optim}");
        Row(output, memory.Activations, $"activations{(run.Arguments.GradientCheckpointing ? ", checkpointed" : string.Empty)}; the logits take {Units.Bytes(memory.Logits)} of it");
        Row(output, memory.Process, "the process as it is: runtime, tokenizer, data");
        Row(output, memory.Private, "private memory at the peak");
        Row(output, memory.Weights, "base weights, mapped from the file");
        Row(output, memory.Program, "files of the program");
        Row(output, memory.Total, "at the peak, files included; the system can drop those and read them again");
        if (memory.Total > GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)
        {
            output.Line($"  more than this machine's {Units.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes)}: give --memory {Units.Bytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2).Replace(" ", string.Empty, StringComparison.Ordinal)} to make it fit");
        }

        output.Line();
        output.Line($"time     about {Units.Time(time.TotalSeconds)}: {run.Steps.MaxSteps:N0} steps of {Units.Time(time.SecondsPerStep)}, {time.TokensPerSecond:N0} tokens/s, without evaluation and saving");
        WriteEvent(output, run, estimate, time);
    }

    private static void Row(Output output, long bytes, string what) => output.Line($"{Units.Bytes(bytes),12}  {what}");

    private static void WriteEvent(Output output, PreparedRun run, RunEstimate estimate, TimeEstimate time) => output.Event("summary", writer =>
    {
        MemoryEstimate memory = estimate.Memory;
        (long trainable, long all) = run.Model.CountParameters();
        writer.WriteNumber("trainable_parameters", trainable);
        writer.WriteNumber("all_parameters", all);
        writer.WriteNumber("samples", run.Data.Samples.Count);
        writer.WriteNumber("max_steps", run.Steps.MaxSteps);
        writer.WriteNumber("largest_batch_tokens", estimate.LargestBatchSize.Tokens);
        writer.WriteNumber("base_bytes", StorageText.BytesOf(run.Model.Base));
        writer.WriteNumber("weights_bytes", memory.Weights);
        writer.WriteNumber("trained_bytes", memory.Trained);
        writer.WriteNumber("optimizer_bytes", memory.Optimizer);
        writer.WriteNumber("activation_bytes", memory.Activations);
        writer.WriteNumber("logits_bytes", memory.Logits);
        writer.WriteNumber("process_bytes", memory.Process);
        writer.WriteNumber("program_bytes", memory.Program);
        writer.WriteNumber("private_bytes", memory.Private);
        writer.WriteNumber("file_backed_bytes", memory.FileBacked);
        writer.WriteNumber("per_device_train_batch_size", run.Arguments.PerDeviceTrainBatchSize);
        writer.WriteNumber("gradient_accumulation_steps", run.Arguments.GradientAccumulationSteps);
        writer.WriteBoolean("gradient_checkpointing", run.Arguments.GradientCheckpointing);
        writer.WriteBoolean("bf16", run.Arguments.Bf16);
        writer.WriteNumber("peak_bytes", memory.Total);
        writer.WriteNumber("step_seconds", Math.Round(time.SecondsPerStep, 4));
        writer.WriteNumber("total_seconds", Math.Round(time.TotalSeconds, 2));
        writer.WriteNumber("tokens", time.Tokens);
        writer.WriteNumber("tokens_per_s", Math.Round(time.TokensPerSecond, 1));
        writer.WriteNumber("gflops", Math.Round(time.OperationsPerSecond / 1e9, 1));
    });
}
