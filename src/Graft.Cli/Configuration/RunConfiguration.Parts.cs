using Graft.Peft;
using Graft.Tensors.Kernels;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <content>The options of the libraries, made from the keys.</content>
internal sealed partial class RunConfiguration
{
    /// <summary>The base model's folder, or GGUF file.</summary>
    /// <exception cref="ArgumentException">None is given.</exception>
    public string ModelFolder => Get(ModelKeys.Model) ?? throw new ArgumentException("no model: give model_name_or_path in the file, or --model FOLDER");

    /// <summary>Where the result goes.</summary>
    public string OutputDir => Get(OutputKeys.OutputDir);

    /// <summary>What is trained.</summary>
    /// <exception cref="ArgumentException">method and use_peft contradict each other.</exception>
    public TrainingMethod Method => (Get(ModelKeys.UsePeft), Get(ModelKeys.Method)) switch
    {
        (false, TrainingMethod.Lora) when !IsGiven(ModelKeys.Method) => TrainingMethod.Full,
        (true, TrainingMethod.Full) or (false, not TrainingMethod.Full) => throw new ArgumentException("use_peft and method contradict each other: leave one of them out"),
        (_, var method) => method,
    };

    /// <summary>Whether products are in bf16, and why.</summary>
    /// <exception cref="ArgumentException">bf16 and fp16 are both asked for.</exception>
    public (bool Bf16, string Reason) Arithmetic => (Get(TrainingKeys.Bf16), Get(TrainingKeys.Fp16)) switch
    {
        (true, true) => throw new ArgumentException("bf16 and fp16 exclude each other: leave one of them out"),
        (null, false) => (BFloat16Support.IsFast, $"bf16: auto; {BFloat16Support.Reason}"),
        (false, false) => (false, "bf16: false"),
        (var bf16, _) => (true, $"{(bf16 == true ? "bf16" : "fp16")}: true{(BFloat16Support.IsFast ? string.Empty : $"; {BFloat16Support.Reason}, so it saves memory but no time")}"),
    };

    /// <summary>A checkpoint to go on from, <c>true</c> for the newest one, or null.</summary>
    public string? ResumeFrom => Get(OutputKeys.Resume) ? "true" : Get(OutputKeys.ResumeFromCheckpoint) switch
    {
        null => null,
        { } text when bool.TryParse(text, out bool newest) => newest ? "true" : null,
        { } folder => Path.GetFullPath(folder),
    };

    /// <summary>How to train.</summary>
    /// <exception cref="ArgumentException">A value out of range, or two that contradict each other.</exception>
    public TrainingArguments ToTrainingArguments()
    {
        var arguments = new TrainingArguments
        {
            OutputDir = OutputDir,
            PerDeviceTrainBatchSize = Get(TrainingKeys.TrainBatchSize),
            PerDeviceEvalBatchSize = Get(TrainingKeys.EvalBatchSize),
            MaxTokensPerBatch = Get(TrainingKeys.MaxTokensPerBatch),
            GradientAccumulationSteps = Get(TrainingKeys.GradientAccumulationSteps),
            NumTrainEpochs = Get(TrainingKeys.NumTrainEpochs),
            MaxSteps = Get(TrainingKeys.MaxSteps),
            LearningRate = Get(TrainingKeys.LearningRate),
            LrSchedulerType = Get(TrainingKeys.LrSchedulerType)!,
            LrSchedulerKwargs = Get(TrainingKeys.LrSchedulerKwargs),
            WarmupSteps = Get(TrainingKeys.WarmupSteps),
            WarmupRatio = Get(TrainingKeys.WarmupRatio),
            Optim = Get(TrainingKeys.Optim)!,
            OptimArgs = Get(TrainingKeys.OptimArgs),
            LoraplusLrRatio = Get(TrainingKeys.LoraplusLrRatio),
            LoraplusLrEmbedding = Get(TrainingKeys.LoraplusLrEmbedding),
            LoraplusWeightDecay = Get(TrainingKeys.LoraplusWeightDecay),
            WeightDecay = Get(TrainingKeys.WeightDecay),
            AdamBeta1 = Get(TrainingKeys.AdamBeta1),
            AdamBeta2 = Get(TrainingKeys.AdamBeta2),
            AdamEpsilon = Get(TrainingKeys.AdamEpsilon),
            MaxGradNorm = Get(TrainingKeys.MaxGradNorm),
            LabelSmoothingFactor = Get(TrainingKeys.LabelSmoothingFactor),
            GradientCheckpointing = Get(TrainingKeys.GradientCheckpointing),
            LogitsBytes = Get(TrainingKeys.LogitsMemory),
            Bf16 = Arithmetic.Bf16,
            LoggingStrategy = Get(OutputKeys.LoggingStrategy),
            LoggingSteps = Get(OutputKeys.LoggingSteps),
            LoggingFirstStep = Get(OutputKeys.LoggingFirstStep),
            EvalStrategy = Get(OutputKeys.EvalStrategy) ?? (HasHeldBackRows ? IntervalStrategy.Epoch : IntervalStrategy.No),
            EvalSteps = Get(OutputKeys.EvalSteps),
            EvalDelay = Get(OutputKeys.EvalDelay),
            EvalOnStart = Get(OutputKeys.EvalOnStart),
            SaveStrategy = Get(OutputKeys.SaveStrategy),
            SaveSteps = Get(OutputKeys.SaveSteps),
            SaveTotalLimit = Get(OutputKeys.SaveTotalLimit),
            LoadBestModelAtEnd = Get(OutputKeys.LoadBestModelAtEnd),
            MetricForBestModel = Get(OutputKeys.MetricForBestModel),
            GreaterIsBetter = Get(OutputKeys.GreaterIsBetter),
            EarlyStoppingPatience = Get(OutputKeys.EarlyStoppingPatience),
            EarlyStoppingThreshold = Get(OutputKeys.EarlyStoppingThreshold),
            DataloaderDropLast = Get(TrainingKeys.DataloaderDropLast),
            Shuffle = Get(TrainingKeys.Sampling) != SamplingStrategy.Sequential,
            Seed = Get(TrainingKeys.Seed),
            DataSeed = Get(TrainingKeys.DataSeed),
            IncludeNumInputTokensSeen = Get(OutputKeys.IncludeNumInputTokensSeen),
            OverwriteOutputDir = Get(OutputKeys.Overwrite),
            ResumeFromCheckpoint = ResumeFrom,
        };
        arguments.Validate();
        return arguments;
    }

    /// <summary>How samples become batches.</summary>
    public BatchOptions ToBatchOptions() => new()
    {
        PerDeviceTrainBatchSize = Get(TrainingKeys.TrainBatchSize),
        MaxTokensPerBatch = Get(TrainingKeys.MaxTokensPerBatch),
        DropLast = Get(TrainingKeys.DataloaderDropLast),
        Shuffle = Get(TrainingKeys.Sampling) != SamplingStrategy.Sequential,
        Seed = Get(TrainingKeys.DataSeed) ?? Get(TrainingKeys.Seed),
    };

    /// <summary>How data files are read.</summary>
    public DataSetOptions ToDataSetOptions() => new()
    {
        Format = Get(DataKeys.Format),
        BadRows = Get(DataKeys.BadRows),
        Sep = Get(DataKeys.Sep),
        Header = Get(DataKeys.Header),
        Names = Get(DataKeys.ColumnNames) is { Count: > 0 } names ? names : null,
        Field = Get(DataKeys.Field),
        SampleBy = Get(DataKeys.SampleBy),
        KeepLinebreaks = Get(DataKeys.KeepLinebreaks),
    };

    /// <summary>How rows become samples.</summary>
    /// <param name="vocabularySize">Rows of the model's embedding.</param>
    /// <param name="maximumPositions">Most tokens that the model has positions for; null for no limit.</param>
    public SampleOptions ToSampleOptions(int vocabularySize, int? maximumPositions)
    {
        // Blocks and cut packs take every token there is.
        bool takesAll = Get(DataKeys.BlockSize) is not null || (Get(DataKeys.Packing) && Get(DataKeys.PackingStrategy) != PackingStrategy.BestFit);
        int? limit = Get(DataKeys.MaxLength);
        return new SampleOptions
        {
            MaxLength = takesAll ? null : IsGiven(DataKeys.MaxLength) || maximumPositions is null ? limit : Math.Min(limit ?? int.MaxValue, maximumPositions.Value),
            LongSamples = Get(DataKeys.LongRows),
            TruncationMode = Get(DataKeys.TruncationMode),
            UntrainableSamples = Get(DataKeys.UntrainableRows),
            BlockSize = Get(DataKeys.BlockSize),
            CompletionOnlyLoss = Get(DataKeys.CompletionOnlyLoss),
            AppendEos = Get(DataKeys.AppendEos),
            Nulls = Get(DataKeys.Nulls),
            VocabularySize = vocabularySize,
        };
    }

    /// <summary>How a row becomes a text; null when the columns say it themselves.</summary>
    /// <param name="columns">The data set's columns.</param>
    /// <exception cref="ArgumentException">Templates that contradict each other, are malformed, or name columns that are not there.</exception>
    public SampleTemplate? ToTemplate(IReadOnlyList<string> columns)
    {
        (string? whole, string? prompt, string? completion) = (Get(DataKeys.Template), Get(DataKeys.PromptTemplate), Get(DataKeys.CompletionTemplate));
        if (whole is not null && (prompt is not null || completion is not null))
        {
            throw new ArgumentException("template and prompt_template/completion_template exclude each other");
        }

        if (prompt is null != completion is null)
        {
            throw new ArgumentException($"{(prompt is null ? "completion_template needs a prompt_template" : "prompt_template needs a completion_template")}: the one is given, the other is learnt");
        }

        if (whole is not null)
        {
            return SampleTemplate.OfText(Parse(whole, columns));
        }

        return prompt is not null ? SampleTemplate.OfPromptAndCompletion(Parse(prompt, columns), Parse(completion!, columns))
            : IsGiven(DataKeys.TextField) ? SampleTemplate.OfColumns(columns, Get(DataKeys.TextField)!)
            : null;
    }

    /// <summary>The new adapter; null for full fine-tuning.</summary>
    public AdapterConfig? ToAdapterConfig() => Method switch
    {
        TrainingMethod.Full => null,
        TrainingMethod.Ia3 => new Ia3Config
        {
            TaskType = "CAUSAL_LM",
            TargetModules = Get(AdapterKeys.TargetModules),
            ExcludeModules = Get(AdapterKeys.ExcludeModules),
            FeedforwardModules = Get(AdapterKeys.FeedforwardModules),
            ModulesToSave = NamesOrNull(AdapterKeys.ModulesToSave),
            FanInFanOut = Get(AdapterKeys.FanInFanOut),
        },
        _ => new LoraConfig
        {
            TaskType = "CAUSAL_LM",
            R = Get(AdapterKeys.R),
            LoraAlpha = Get(AdapterKeys.Alpha),
            LoraDropout = Get(AdapterKeys.Dropout),
            TargetModules = Get(AdapterKeys.TargetModules),
            ExcludeModules = Get(AdapterKeys.ExcludeModules),
            LayersToTransform = Get(AdapterKeys.LayersToTransform) is { Count: > 0 } layers ? layers : null,
            LayersPattern = Get(AdapterKeys.LayersPattern),
            ModulesToSave = NamesOrNull(AdapterKeys.ModulesToSave),
            Bias = Get(AdapterKeys.Bias)!,
            UseRslora = Get(AdapterKeys.UseRslora),
            UseDora = Get(AdapterKeys.UseDora),
            LoraBias = Get(AdapterKeys.LoraBias),
            RankPattern = Get(AdapterKeys.RankPattern),
            AlphaPattern = Get(AdapterKeys.AlphaPattern),
            InitLoraWeights = Get(AdapterKeys.InitLoraWeights)!.ToLowerInvariant(),
            FanInFanOut = Get(AdapterKeys.FanInFanOut),
        },
    };

    private bool HasHeldBackRows => Get(DataKeys.EvalDataset).Count > 0 || Get(DataKeys.TestSize) is not null;

    private IReadOnlyList<string>? NamesOrNull(ConfigKey<IReadOnlyList<string>> key) => Get(key) is { Count: > 0 } names ? names : null;

    /// <summary>Parses a template and checks its columns before any row is rendered, so that the message names them all at once.</summary>
    private static Template Parse(string source, IReadOnlyList<string> columns)
    {
        Template template = Template.Parse(source);
        string[] missing = [.. template.Columns.Where(column => !columns.Contains(column) && !columns.Contains(column.Split('.')[0]))];
        return missing.Length == 0
            ? template
            : throw new ArgumentException(
                $"template '{source}': there is no column {string.Join(", ", missing.Select(name => $"'{name}'"))}{NearestName.Suggestion(missing[0], columns)}; columns: {string.Join(", ", columns)}");
    }
}
