using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Conformance;

/// <summary>Kind <c>training</c>: a whole run of the Trainer, step by step, with its log, its checkpoints and its final weights.</summary>
public sealed class TrainingRunner : ICaseRunner
{
    private static readonly string[] KnownOptimizers = [.. OptimizerFactory.Names];

    /// <inheritdoc/>
    public string Kind => "training";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        JsonElement root = @case.Root;
        if (root.GetProperty("task").GetString() is { } task && task is not ("CAUSAL_LM" or "SEQ_2_SEQ_LM"))
        {
            throw new NotYetException($"task {task}");
        }

        JsonElement config = root.GetProperty("config");
        ThrowIfNotYet(@case, config);
        string output = Directory.CreateTempSubdirectory("graft-training-").FullName;
        try
        {
            var run = new CaseRun(@case, check, TrainingCaseArguments.Read(@case, output));
            run.FirstGradient();
            run.Straight();
            if (@case.Has("resume"))
            {
                run.Resumed(root.GetProperty("resume"));
            }
        }
        finally
        {
            Directory.Delete(output, recursive: true);
        }
    }

    private static void ThrowIfNotYet(ConformanceCase @case, JsonElement config)
    {
        CaseJson.ThrowIfNotYet(@case.PathOf("model"));
        string optimizer = config.GetProperty("optim").GetString()!;
        if (!KnownOptimizers.Contains(optimizer))
        {
            throw new NotYetException($"optim {optimizer}");
        }

        if (config.GetProperty("neftune_noise_alpha").ValueKind != JsonValueKind.Null)
        {
            throw new NotYetException("neftune_noise_alpha");
        }

        if (config.GetProperty("bf16").GetBoolean())
        {
            throw new NotYetException("bf16");
        }

        // A compute_loss_func that divides by the whole window is what Graft does anyway. Some models of the reference ignore the window, by accident.
        if (@case.Has("loss_reduction") && @case.Root.GetProperty("loss_reduction").GetString() is { } reduction and not "window")
        {
            throw new NotYetException($"loss_reduction {reduction}");
        }
    }

    /// <summary>The run of one case.</summary>
    private sealed class CaseRun(ConformanceCase @case, Check check, TrainingArguments arguments)
    {
        private readonly JsonElement _root = @case.Root;

        /// <summary>Gradients of the first step, before clipping.</summary>
        public void FirstGradient()
        {
            const string Prefix = "first_grad.";
            using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
            TensorEntry[] gradients = [.. expected.Tensors.Where(entry => entry.Name.StartsWith(Prefix, StringComparison.Ordinal))];
            if (gradients.Length == 0)
            {
                return;
            }

            IEnumerable<int> window = _root.GetProperty("steps")[0].GetProperty("micro_batches").Integers().SelectMany(batch => _root.GetProperty("batches")[batch].Integers());
            using PeftModel model = LoadModel();
            List<TokenizedSample> rows = Rows("rows", model.Base);
            IReadOnlyList<TrainableParameter> trained = model.TrainableParameters();
            using var buffer = new ParameterBuffer([.. trained.Select(parameter => parameter.Parameter)]);
            using var harness = new ModelHarness(model.Base);
            harness.Loss([.. window.Select(row => new CaseSequence(rows[row].SourceIds ?? rows[row].InputIds, rows[row].Labels))], arguments.GradientCheckpointing, arguments.LabelSmoothingFactor);
            // By the name in the saved file, or by the live name without the adapter's: a magnitude vector is saved without ".weight".
            var byKey = trained
                .SelectMany(parameter => new[] { parameter.Key, parameter.Name.Replace(".default", string.Empty, StringComparison.Ordinal) }.Distinct().Select(key => (key, parameter.Parameter)))
                .ToDictionary(pair => pair.key, pair => pair.Parameter, StringComparer.Ordinal);
            foreach (TensorEntry entry in gradients)
            {
                check.Close(entry.Name, entry.ToSingles(), AdapterCase.Gradient(byKey.GetValueOrDefault(entry.Name[Prefix.Length..]) ?? throw new MismatchException($"{entry.Name} is not trained")));
            }
        }

        public void Straight()
        {
            using PeftModel model = LoadModel();
            var observer = new Recorder(arguments.OutputDir);
            using (Trainer trainer = Create(model, arguments, _root.GetProperty("batches")))
            {
                Check.Equal("max_steps", _root.GetProperty("max_steps").GetInt32(), trainer.Plan.MaxSteps);
                Check.Equal("num_train_epochs", _root.GetProperty("num_train_epochs").GetInt32(), trainer.Plan.NumTrainEpochs);
                TrainingResult result = trainer.Train(observer);
                CompareSteps(_root.GetProperty("steps"), observer.Steps);
                CompareLog(_root.GetProperty("log"), result.State.LogHistory);
                CompareFolders(observer, result);
                CompareFinal(model);
            }
        }

        public void Resumed(JsonElement resume)
        {
            int at = resume.GetProperty("at").GetInt32();
            using PeftModel model = LoadModel();
            var observer = new Recorder(arguments.OutputDir);
            TrainingArguments again = arguments with { ResumeFromCheckpoint = Path.Combine(arguments.OutputDir, $"checkpoint-{at}") };
            using Trainer trainer = Create(model, again, _root.GetProperty("batches"));
            TrainingResult result = trainer.Train(observer);
            CompareSteps(resume.GetProperty("steps"), observer.Steps);
            CompareLog(resume.GetProperty("log"), result.State.LogHistory);
            CompareFinal(model);
        }

        private PeftModel LoadModel()
        {
            PeftModel model = PeftModel.Load(@case.PathOf("model"));
            if (@case.Has("initial"))
            {
                model.LoadAdapter(@case.PathOf("initial"), trainable: true);
            }

            return model;
        }

        private Trainer Create(PeftModel model, TrainingArguments chosen, JsonElement batches)
        {
            List<TokenizedSample> rows = Rows("rows", model.Base);
            int perEpoch = chosen.DataloaderDropLast
                ? rows.Count / chosen.PerDeviceTrainBatchSize
                : (rows.Count + chosen.PerDeviceTrainBatchSize - 1) / chosen.PerDeviceTrainBatchSize;
            var plan = new FixedBatchPlan([.. batches.EnumerateArray().Select(batch => batch.Integers())], perEpoch);
            return new Trainer(model, rows, chosen, @case.Has("eval_rows") ? Rows("eval_rows", model.Base) : null, plan);
        }

        private List<TokenizedSample> Rows(string property, LanguageModel model) => [.. _root.GetProperty(property).EnumerateArray().Select((row, index) =>
        {
            int[] ids = row.GetProperty("input_ids").Integers();
            int[] labels = row.GetProperty("labels").Integers();
            var source = new RowSource("case.json", index + 1);
            return model is Seq2SeqLanguageModel encoderDecoder ? TokenizedSample.ForSource(ids, labels, encoderDecoder, source) : new TokenizedSample(ids, labels, source);
        })];

        private void CompareSteps(JsonElement expected, List<StepReport> actual)
        {
            Check.Equal("number of steps", expected.GetArrayLength(), actual.Count);
            foreach ((JsonElement step, StepReport report) in expected.EnumerateArray().Zip(actual))
            {
                string name = $"step {report.Step}";
                Check.Equal($"{name} number", step.GetProperty("step").GetInt32(), report.Step);
                Check.Equal($"{name} num_items_in_batch", step.GetProperty("num_items_in_batch").GetInt32(), report.TrainableTokens);
                check.Close($"{name} loss", step.GetProperty("loss").GetDouble(), report.Loss);
                check.Close($"{name} grad_norm", step.GetProperty("grad_norm").GetDouble(), report.GradNorm);
                check.Close($"{name} learning_rate", step.GetProperty("learning_rate").GetDouble(), report.LearningRate);
                check.Close($"{name} epoch", step.GetProperty("epoch").GetDouble(), report.Epoch);
            }
        }

        private void CompareLog(JsonElement expected, IList<LogRow> actual)
        {
            Check.Equal("rows of the log", expected.GetArrayLength(), actual.Count);
            foreach ((JsonElement row, LogRow mine) in expected.EnumerateArray().Zip(actual))
            {
                foreach (JsonProperty number in row.EnumerateObject())
                {
                    if (number.Value.ValueKind == JsonValueKind.String)
                    {
                        continue;
                    }

                    check.Close(
                        $"log of step {mine.Step}: {number.Name}", number.Value.GetDouble(), mine[number.Name] ?? throw new MismatchException($"log of step {mine.Step} lacks {number.Name}"));
                }
            }
        }

        private void CompareFolders(Recorder observer, TrainingResult result)
        {
            if (@case.Has("checkpoints"))
            {
                JsonElement expected = _root.GetProperty("checkpoints");
                Check.Equal("number of saves", expected.GetArrayLength(), observer.Saves.Count);
                foreach ((JsonElement save, (int step, string[] folders)) in expected.EnumerateArray().Zip(observer.Saves))
                {
                    Check.Equal("step of a save", save.GetProperty("step").GetInt32(), step);
                    Check.Equal($"folders after step {step}", Names(save.GetProperty("folders")), folders);
                }
            }

            if (@case.Has("folders_left"))
            {
                Check.Equal("folders left", Names(_root.GetProperty("folders_left")), Recorder.Folders(arguments.OutputDir));
            }

            if (@case.Has("best"))
            {
                JsonElement best = _root.GetProperty("best");
                check.Close("best_metric", best.GetProperty("best_metric").GetDouble(), result.State.BestMetric ?? double.NaN);
                if (best.GetProperty("best_global_step").ValueKind == JsonValueKind.Number)
                {
                    Check.Equal("best_global_step", best.GetProperty("best_global_step").GetInt32(), result.State.BestGlobalStep ?? -1);
                }

                Check.Equal("best_model_checkpoint", best.GetProperty("best_model_checkpoint").GetString(), result.State.BestModelCheckpoint is { } folder ? Path.GetFileName(folder) : null);
            }
        }

        private static string[] Names(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetString()!).Order(StringComparer.Ordinal)];

        private void CompareFinal(PeftModel model)
        {
            using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
            string folder = Path.Combine(arguments.OutputDir, "final");
            bool adapter = model.AdapterNames.Count > 0;
            if (adapter)
            {
                model.SaveAdapter(folder);
            }
            else
            {
                model.SaveModel(folder);
            }

            using SafetensorsFile saved = SafetensorsFile.Open(Path.Combine(folder, adapter ? "adapter_model.safetensors" : "model.safetensors"));
            foreach (TensorEntry entry in expected.Tensors.Where(entry => entry.Name.StartsWith("final.", StringComparison.Ordinal)))
            {
                string key = entry.Name["final.".Length..];
                if (!saved.TryGet(key, out TensorEntry? mine))
                {
                    throw new MismatchException($"{key} is not in the saved file");
                }

                check.Close(entry.Name, entry.ToSingles(), mine.ToSingles());
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Micro-batches as a case lists them, one epoch after the other.</summary>
    private sealed class FixedBatchPlan(int[][] batches, int perEpoch) : IBatchPlan
    {
        public int BatchesIn(int epoch) => perEpoch;

        public ReadOnlySpan<int> Batch(int epoch, int position) => batches[(epoch * perEpoch) + position];
    }

    /// <summary>Keeps what a run reports.</summary>
    private sealed class Recorder(string outputDir) : ITrainingObserver
    {
        public List<StepReport> Steps { get; } = [];

        public List<(int Step, string[] Folders)> Saves { get; } = [];

        public static string[] Folders(string outputDir)
            => Directory.Exists(outputDir) ? [.. Directory.EnumerateDirectories(outputDir, "checkpoint-*").Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)] : [];

        public void OnStep(in StepReport report) => Steps.Add(report);

        public void OnSave(string folder) => Saves.Add((Steps[^1].Step, Folders(outputDir)));
    }
}
