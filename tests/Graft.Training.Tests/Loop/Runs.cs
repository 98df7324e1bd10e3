using System.Text;
using Graft.Peft;
using Graft.Training.Data;

namespace Graft.Training.Tests;

/// <summary>Runs of tiny models, and what is compared of them.</summary>
internal static class Runs
{
    /// <summary>Arguments of a short run: 3 micro-batches of 3 rows in windows of 2, dropout aside nothing special.</summary>
    public static TrainingArguments Arguments(string output) => new()
    {
        OutputDir = output,
        PerDeviceTrainBatchSize = 3,
        GradientAccumulationSteps = 2,
        NumTrainEpochs = 3,
        LearningRate = 0.01,
        WarmupSteps = 2,
        LoggingSteps = 1,
    };

    /// <summary>Trains a fresh model; returns all trained values.</summary>
    public static float[] Train(TrainingArguments arguments, TokenizedSample[] samples, Func<PeftModel>? create = null, ITrainingObserver? observer = null, TokenizedSample[]? evalSamples = null, CancellationToken cancellationToken = default)
        => Train(arguments, samples, out _, create, observer, evalSamples, cancellationToken);

    /// <summary>Trains a fresh model; returns all trained values.</summary>
    public static float[] Train(
        TrainingArguments arguments,
        TokenizedSample[] samples,
        out TrainingResult result,
        Func<PeftModel>? create = null,
        ITrainingObserver? observer = null,
        TokenizedSample[]? evalSamples = null,
        CancellationToken cancellationToken = default)
    {
        using PeftModel model = create?.Invoke() ?? TinyRuns.Model(loraDropout: 0.2);
        using (var trainer = new Trainer(model, samples, arguments, evalSamples))
        {
            result = trainer.Train(observer, cancellationToken);
        }

        return Values(model);
    }

    /// <summary>Trains until told to stop by an observer, then goes on with a new model and a new trainer.</summary>
    public static float[] TrainInTwo(TrainingArguments arguments, TokenizedSample[] samples, Func<PeftModel>? create, Interrupter interrupter, TokenizedSample[]? evalSamples = null)
    {
        interrupter.Interrupt(token => Train(arguments, samples, create, interrupter, evalSamples, token));
        return Train(arguments with { ResumeFromCheckpoint = "true" }, samples, create, evalSamples: evalSamples);
    }

    /// <summary>All trained values of a model.</summary>
    public static float[] Values(PeftModel model) => [.. model.TrainableParameters().SelectMany(parameter => parameter.Parameter.ToArray())];

    /// <summary>Equal to the last bit.</summary>
    public static void SameBits(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
            {
                Assert.Fail($"value {i} of {expected.Length}: expected {expected[i]:G9}, got {actual[i]:G9}");
            }
        }
    }

    /// <summary>Two checkpoints of the same run: adapter, optimizer and state byte for byte, but for times.</summary>
    public static void SameCheckpoint(string expected, string actual)
    {
        foreach (string name in new[] { "adapter_model.safetensors", "optimizer.safetensors" })
        {
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), $"{name} differs");
        }

        // The folders differ, and so does the best checkpoint's path.
        string Of(string folder) => WithoutTimes(File.ReadAllText(Path.Combine(folder, TrainerState.FileName))).Replace(Path.GetDirectoryName(folder)!, "OUT", StringComparison.Ordinal);
        Assert.Equal(Of(expected), Of(actual));
    }

    /// <summary>A state file or log without the numbers that depend on the clock.</summary>
    public static string WithoutTimes(string text)
    {
        var kept = new StringBuilder();
        foreach (string line in text.Replace(", \"", ",\n\"", StringComparison.Ordinal).Split('\n'))
        {
            if (!line.Contains("_runtime", StringComparison.Ordinal) && !line.Contains("_per_second", StringComparison.Ordinal))
            {
                kept.Append(line).Append('\n');
            }
        }

        return kept.ToString();
    }
}
