using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Conformance;

/// <summary>
/// Kind <c>checkpoint-folder</c>: what Transformers has written is read and written back the same, and a checkpoint of Graft's own has the same
/// files, keys and tensors.
/// </summary>
public sealed class TrainingCheckpointRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "checkpoint-folder";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string folder = @case.PathOf("folder");
        string statePath = Path.Combine(folder, TrainerState.FileName);
        Check.Equal("trainer_state.json, read and written", File.ReadAllText(statePath), TrainerState.Load(statePath).ToJson());
        string configPath = Path.Combine(folder, AdapterConfig.FileName);
        AdapterConfig config = AdapterConfig.Load(folder);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(configPath));
        AdapterCase.CheckConfig(AdapterConfig.FileName, expected.RootElement, config.ToJson());
        Check.Equal("unknown fields", 0, config.UnknownFields.Count);
        CheckRoundTrip(Path.Combine(folder, "adapter_model.safetensors"));
        if (BaseModelOf(@case, config) is { } modelFolder)
        {
            AdapterCase.InTemporaryFolder(output => CompareOwn(@case, folder, modelFolder, output));
        }
    }

    private static void CheckRoundTrip(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        AdapterCase.InTemporaryFolder(output =>
        {
            string copy = Path.Combine(output, Path.GetFileName(path));
            SafetensorsWriter.Write(copy, file.Tensors.Select(tensor => TensorSource.FromEntry(tensor)));
            Check.Equal("adapter_model.safetensors, read and written", File.ReadAllBytes(path), File.ReadAllBytes(copy));
        });
    }

    /// <summary>The label <c>tiny-NAME</c> stands for <c>_models/NAME</c>; null when Graft does not know the family, or its rows have sources, which no data set gives yet.</summary>
    private static string? BaseModelOf(ConformanceCase @case, AdapterConfig config)
    {
        string folder = @case.Resolve($"../_models/{config.BaseModelNameOrPath?.Replace("tiny-", string.Empty, StringComparison.Ordinal)}");
        if (!Directory.Exists(folder))
        {
            return null;
        }

        using JsonDocument model = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        bool hasSources = config.TaskType == "SEQ_2_SEQ_LM";
        return !hasSources && ModelFamilies.All.Any(family => family.ModelType == model.RootElement.GetProperty("model_type").GetString()) ? folder : null;
    }

    /// <summary>Trains as many steps as the checkpoint has seen, and compares names and keys.</summary>
    private static void CompareOwn(ConformanceCase @case, string folder, string modelFolder, string output)
    {
        TrainerState state = TrainerState.Load(Path.Combine(folder, TrainerState.FileName));
        using PeftModel model = PeftModel.Load(modelFolder);
        model.LoadAdapter(folder, trainable: true);
        TokenizedSample[] rows = [.. Enumerable.Range(0, state.MaxSteps * state.TrainBatchSize / state.NumTrainEpochs).Select(row =>
            model.Base is Seq2SeqLanguageModel encoderDecoder
                ? TokenizedSample.ForSource([3 + row, 5], [7, 9], encoderDecoder, new RowSource("case.json", row + 1))
                : new TokenizedSample([3 + row, 5, 7, 9], [3 + row, 5, 7, 9], new RowSource("case.json", row + 1)))];
        var arguments = new TrainingArguments
        {
            OutputDir = output,
            PerDeviceTrainBatchSize = state.TrainBatchSize,
            NumTrainEpochs = state.NumTrainEpochs,
            LoggingSteps = state.LoggingSteps,
            EvalStrategy = state.BestMetric is null ? IntervalStrategy.No : IntervalStrategy.Steps,
            EvalSteps = state.EvalSteps,
            SaveSteps = state.SaveSteps,
            MetricForBestModel = state.BestMetric is null ? null : "loss",
            EarlyStoppingPatience = state.EarlyStopping?.Patience,
            IncludeNumInputTokensSeen = state.NumInputTokensSeen > 0 ? InputTokenCount.All : InputTokenCount.No,
        };
        using var trainer = new Trainer(model, rows, arguments, rows);
        string own = trainer.Train().LastCheckpoint!;
        string[] pickles = [.. @case.Root.GetProperty("binary").EnumerateObject().Select(file => file.Name)];
        foreach (string name in @case.Root.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).Except(pickles))
        {
            Check.Equal($"there is {name}", true, File.Exists(Path.Combine(own, name)));
        }

        CompareKeys(TrainerState.FileName, Path.Combine(folder, TrainerState.FileName), Path.Combine(own, TrainerState.FileName));
        CompareKeys(AdapterConfig.FileName, Path.Combine(folder, AdapterConfig.FileName), Path.Combine(own, AdapterConfig.FileName));
        Check.Equal("tensors", Tensors(folder), Tensors(own));
        string[] card = File.ReadAllLines(Path.Combine(own, "README.md"));
        Check.Equal("front matter", [.. @case.Root.GetProperty("readme_front_matter").EnumerateArray().Select(line => line.GetString()!)], card[1..Array.IndexOf(card, "---", 1)]);
    }

    private static void CompareKeys(string name, string expected, string actual)
    {
        using JsonDocument theirs = JsonDocument.Parse(File.ReadAllBytes(expected));
        using JsonDocument ours = JsonDocument.Parse(File.ReadAllBytes(actual));
        Check.Equal($"keys of {name}", [.. Keys(theirs.RootElement, string.Empty)], [.. Keys(ours.RootElement, string.Empty)]);
    }

    /// <summary>Every key with its path and kind of value, in the order of the file.</summary>
    private static IEnumerable<string> Keys(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Keys(member.Value, $"{path}.{member.Name}")),
        JsonValueKind.Array when path != ".target_modules" => element.EnumerateArray().SelectMany((item, i) => Keys(item, $"{path}[{i}]")),
        JsonValueKind.True or JsonValueKind.False => [$"{path} is a flag"],
        _ => [$"{path} is {element.ValueKind}"],
    };

    private static string[] Tensors(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
        return [.. file.Tensors.Select(tensor => $"{tensor.Name} {tensor.DType} [{string.Join(", ", tensor.Shape)}]").Order(StringComparer.Ordinal)];
    }
}
