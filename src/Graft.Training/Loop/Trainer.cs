using System.Diagnostics;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;
using Graft.Training.Schedules;

namespace Graft.Training;

/// <summary>Trains the active adapter of a model, or all its weights when it has no adapter.</summary>
/// <remarks>
/// The loss is a sum over labelled tokens, divided once by their number in the whole accumulation window. Everything is a function of
/// (seed, step), so a run that is killed and resumed ends with the same bits as one that is not.
/// </remarks>
public sealed partial class Trainer : IDisposable
{
    private readonly PeftModel _model;
    private readonly IReadOnlyList<TokenizedSample> _samples;
    private readonly IReadOnlyList<TokenizedSample> _evalSamples;
    private readonly TrainingArguments _arguments;
    private readonly IBatchPlan _batches;
    private readonly StepPlan _plan;
    private readonly Tape _tape = new();
    private readonly MicroBatch _micro;
    private readonly Evaluator _evaluator;
    private readonly ParameterUpdate _update;
    private readonly LearningRateSchedule _schedule;
    private readonly IReadOnlyList<TrainableParameter> _trainable;
    private readonly int _loggingSteps;
    private readonly int _evalSteps;
    private readonly int _saveSteps;
    private readonly long _countedParameters;
    private TrainerState _state = new();
    private TrainingCheckpoint? _checkpoint;
    private RunProgress _progress = new(firstStep: 0, maxSteps: 0);
    private RunPhase _phase;

    /// <summary>Prepares a run: moves what is trained into one buffer, lays out optimizer and schedule.</summary>
    /// <param name="model">The model, with an adapter or without.</param>
    /// <param name="samples">Training samples.</param>
    /// <param name="arguments">How to train.</param>
    /// <param name="evalSamples">Held-back samples; may be null when nothing is evaluated.</param>
    /// <param name="batches">The order of the samples; null: shuffled by seed and epoch.</param>
    /// <exception cref="ArgumentException">Arguments that contradict each other or the data.</exception>
    public Trainer(PeftModel model, IReadOnlyList<TokenizedSample> samples, TrainingArguments arguments, IReadOnlyList<TokenizedSample>? evalSamples = null, IBatchPlan? batches = null)
    {
        Check(model, samples, arguments, evalSamples ?? []);
        _model = model;
        _samples = samples;
        _evalSamples = evalSamples ?? [];
        _arguments = arguments;
        _batches = batches ?? new BatchPlan(samples, new BatchOptions
        {
            PerDeviceTrainBatchSize = arguments.PerDeviceTrainBatchSize,
            MaxTokensPerBatch = arguments.MaxTokensPerBatch,
            DropLast = arguments.DataloaderDropLast,
            Shuffle = arguments.Shuffle,
            Seed = arguments.DataSeed ?? arguments.Seed,
        });
        _plan = new StepPlan(_batches, arguments);
        _tape.Arena.BeginLarge();
        _tape.LogitsBytes = arguments.LogitsBytes;
        _tape.Precision = arguments.Bf16 ? ComputePrecision.BFloat16 : ComputePrecision.Float32;
        _micro = new MicroBatch(_tape);
        _evaluator = new Evaluator(model.Base, _tape);
        _trainable = model.TrainableParameters();
        if (_trainable.Count == 0)
        {
            throw new ArgumentException("nothing is trainable: load the adapter with trainable: true, or add a new one");
        }

        _update = new ParameterUpdate(new ParameterBuffer([.. _trainable.Select(t => t.Parameter)]), _trainable, arguments);
        _schedule = CreateSchedule();
        _loggingSteps = _plan.Steps(arguments.LoggingSteps);
        _evalSteps = _plan.Steps(arguments.EvalSteps ?? (arguments.EvalStrategy == IntervalStrategy.Steps ? arguments.LoggingSteps : TrainerState.DefaultEvalSteps));
        _saveSteps = _plan.Steps(arguments.SaveSteps);
        _countedParameters = model.CountParameters().All - EmbeddingParameters(model.Base);
    }

    /// <summary>Step arithmetic of the run.</summary>
    public StepPlan Plan => _plan;

    /// <summary>Writes the tokenizer's files into every checkpoint; null: none are written.</summary>
    public Action<string>? SaveTokenizer { get; init; }

    /// <summary>Largest amount of step memory so far, in bytes.</summary>
    public long PeakStepBytes => _tape.Arena.PeakBytes;

    /// <summary>Step memory that the process occupies, in bytes: the peak, and holes between ranges of different lives.</summary>
    public long TouchedStepBytes => _tape.Arena.TouchedBytes;

    /// <summary>Runs on a thread of its own; see <see cref="Train"/>.</summary>
    /// <param name="observer">Hears of everything; may be null.</param>
    /// <param name="cancellationToken">Finishes the step, saves a checkpoint and returns.</param>
    public Task<TrainingResult> TrainAsync(ITrainingObserver? observer = null, CancellationToken cancellationToken = default)
        => Task.Factory.StartNew(() => Train(observer, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Trains to the last step, or until told to stop. A trainer runs once; to go on, resume with a new one.</summary>
    /// <param name="observer">Hears of everything; may be null.</param>
    /// <param name="cancellationToken">Finishes the step, saves a checkpoint and returns.</param>
    /// <exception cref="NonFiniteException">The loss or a gradient became NaN or infinite.</exception>
    /// <exception cref="InvalidDataException">The checkpoint to resume from is damaged, or belongs to another run.</exception>
    /// <exception cref="ArgumentException">The output folder holds checkpoints of another run.</exception>
    /// <exception cref="IOException">The output folder cannot be written.</exception>
    public TrainingResult Train(ITrainingObserver? observer = null, CancellationToken cancellationToken = default)
    {
        Start();
        (long trainable, long all) = _model.CountParameters();
        observer?.OnStart(new TrainingPlan(_samples.Count, _evalSamples.Count, _plan.MaxSteps, _plan.NumTrainEpochs, trainable, all, _state.GlobalStep) { LogHistory = [.. _state.LogHistory] });
        if (_arguments.EvalOnStart && _state.GlobalStep == 0)
        {
            EvaluateAtStart(observer, cancellationToken);
        }

        (int epoch, int window) = _plan.PositionAfter(_state.GlobalStep);
        FinishEvents(epochEnds: window == 0, observer, cancellationToken);

        // What is logged after a resume is the mean of the steps after it: so does the Trainer.
        _progress.ForgetWindow();
        while (!_state.ShouldTrainingStop && !cancellationToken.IsCancellationRequested)
        {
            StepReport report = Step(epoch, window);
            observer?.OnStep(report);
            bool epochEnds = ++window == _plan.WindowsIn(epoch);
            _phase = RunPhase.StepEvents;
            FinishEvents(epochEnds, observer, cancellationToken);
            if (epochEnds)
            {
                (epoch, window) = (epoch + 1, 0);
            }
        }

        return Finish(observer, cancellationToken.IsCancellationRequested);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _update.Dispose();
        _tape.Dispose();
    }

    /// <summary>One optimizer step: forward and backward over the window's micro-batches, clip, update.</summary>
    private StepReport Step(int epoch, int window)
    {
        long started = Stopwatch.GetTimestamp();
        (int first, int end) = _plan.Window(epoch, window);
        int trainableTokens = CountTrainable(epoch, first, end);
        int tokens = 0;
        double loss = 0;
        ulong stepSeed = CounterRandom.Derive(_arguments.Seed, (ulong)_state.GlobalStep);
        for (int batch = first; batch < end; batch++)
        {
            loss += MicroStep(epoch, batch, trainableTokens, stepSeed);
            tokens += _micro.Context.Sequences.Rows;
            CountTokensSeen();
        }

        double norm = _update.GradientNorm();
        ThrowIfNotFinite(loss, norm, epoch, first, end);
        double rate = SetLearningRates();
        _update.Apply(norm, _arguments.MaxGradNorm);
        _state.GlobalStep++;
        _state.Epoch = epoch + ((double)end / _batches.BatchesIn(epoch));
        _state.ShouldTrainingStop = _state.GlobalStep >= _plan.MaxSteps;
        _state.TotalFlos += 6.0 * tokens * _countedParameters;
        _progress.Add(loss, norm, rate, tokens);
        return new StepReport(
            _state.GlobalStep, _plan.MaxSteps, _state.Epoch, loss, norm, rate, tokens, trainableTokens, Stopwatch.GetElapsedTime(started).TotalSeconds, _progress.TokensPerSecond, _progress.RemainingSeconds);
    }

    /// <summary>Forward and backward of one micro-batch; its share of the window's mean loss.</summary>
    private double MicroStep(int epoch, int batch, int trainableTokens, ulong stepSeed)
    {
        _micro.Begin();
        foreach (int index in _batches.Batch(epoch, batch))
        {
            _micro.Add(_samples[index], key: (ulong)index);
        }

        _tape.Reset();
        _tape.Mode = TapeMode.Recording;
        _tape.RandomSeed = stepSeed;
        ForwardContext context = _micro.Context;
        context.Training = true;
        context.GradientCheckpointing = _arguments.GradientCheckpointing;
        double scale = trainableTokens == 0 ? 0 : 1.0 / trainableTokens;
        Tensor hidden = _model.Base.Forward(context);
        LossSum loss = _model.Base.Loss(context, hidden, _micro.Targets, scale, (float)_arguments.LabelSmoothingFactor);
        _tape.Backward();
        return loss.Sum * scale;
    }

    private void CountTokensSeen()
    {
        if (_arguments.IncludeNumInputTokensSeen == InputTokenCount.No)
        {
            return;
        }

        ReadOnlySpan<int> offsets = _micro.Context.Sequences.Offsets;
        int longest = 0;
        for (int i = 1; i < offsets.Length; i++)
        {
            longest = Math.Max(longest, offsets[i] - offsets[i - 1]);
        }

        _state.NumInputTokensSeen += _arguments.IncludeNumInputTokensSeen == InputTokenCount.All ? (long)longest * (offsets.Length - 1) : offsets[^1];
    }

    private int CountTrainable(int epoch, int first, int end)
    {
        int count = 0;
        for (int batch = first; batch < end; batch++)
        {
            foreach (int index in _batches.Batch(epoch, batch))
            {
                count += _samples[index].TrainableTokens;
            }
        }

        return count;
    }

    private double SetLearningRates()
    {
        for (int group = 0; group < _update.Optimizer.Groups.Count; group++)
        {
            _update.Optimizer.Groups[group].LearningRate = _schedule.RateAt(_state.GlobalStep, group);
        }

        return _update.Optimizer.Groups[0].LearningRate;
    }

    private LearningRateSchedule CreateSchedule()
    {
        double warmup = _arguments.WarmupSteps > 0 ? _arguments.WarmupSteps : _arguments.WarmupRatio * _plan.MaxSteps;
        return LearningRateSchedule.Create(_arguments.LrSchedulerType, new SchedulerArguments
        {
            LearningRate = _arguments.LearningRate,
            GroupLearningRates = [.. _update.Optimizer.Groups.Select(group => group.InitialLearningRate)],
            NumWarmupSteps = _arguments.WarmupSteps is > 0 and < 1 ? (long)Math.Ceiling(warmup * _plan.MaxSteps) : (long)Math.Ceiling(warmup),
            NumTrainingSteps = _plan.MaxSteps,
            SpecificArguments = _arguments.LrSchedulerKwargs,
        });
    }

    private static void Check(PeftModel model, IReadOnlyList<TokenizedSample> samples, TrainingArguments arguments, IReadOnlyList<TokenizedSample> evalSamples)
    {
        arguments.Validate();
        if (arguments.EvalStrategy != IntervalStrategy.No && evalSamples.Count == 0)
        {
            throw new ArgumentException("eval_strategy asks for evaluations, but there are no held-back samples: give eval_dataset or a test_size");
        }

        if (samples.Count == 0)
        {
            throw new ArgumentException("there are no training samples");
        }

        if (model.MergedAdapters.Count > 0)
        {
            throw new ArgumentException($"the adapters {string.Join(", ", model.MergedAdapters)} are merged, so that training them would change nothing: unmerge them first");
        }

        SampleCheck.RequireFit(model.Base, samples);
        SampleCheck.RequireFit(model.Base, evalSamples);
    }

    private static long EmbeddingParameters(LanguageModel model)
        => model.NamedModules().OfType<Embedding>().Select(embedding => embedding.Weight.Original).Distinct().Sum(weight => weight.Count);
}
