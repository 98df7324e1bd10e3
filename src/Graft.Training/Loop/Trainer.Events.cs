using Graft.Training.Schedules;

namespace Graft.Training;

/// <content>What happens between steps, in the Trainer's order: log, evaluate, judge, save, rotate; first for the step, then for the epoch.</content>
public sealed partial class Trainer
{
    private int _savedStep = -1;

    /// <summary>Whatever is still to be done before the next step. When told to stop while it evaluates, it stops there, and a resumed run goes on there.</summary>
    private void FinishEvents(bool epochEnds, ITrainingObserver? observer, CancellationToken cancellationToken)
    {
        int step = _state.GlobalStep;
        bool last = step >= _plan.MaxSteps;
        if (_phase == RunPhase.StepEvents)
        {
            bool log = Every(_arguments.LoggingStrategy, _loggingSteps) || (_arguments.LoggingFirstStep && step == 1);
            bool evaluate = step >= _arguments.EvalDelay && (Every(_arguments.EvalStrategy, _evalSteps) || (_arguments.EvalStrategy == IntervalStrategy.Steps && last));
            bool save = Every(_arguments.SaveStrategy, _saveSteps) || (_arguments.SaveStrategy == IntervalStrategy.Steps && last);
            if (!LogEvaluateSave(log, evaluate, save, epochEnds, observer, cancellationToken))
            {
                return;
            }

            _phase = epochEnds || _state.ShouldTrainingStop ? RunPhase.EpochEvents : RunPhase.Step;
        }

        if (_phase == RunPhase.EpochEvents)
        {
            bool evaluate = _arguments.EvalStrategy == IntervalStrategy.Epoch && _state.Epoch >= _arguments.EvalDelay;
            if (LogEvaluateSave(_arguments.LoggingStrategy == IntervalStrategy.Epoch, evaluate, _arguments.SaveStrategy == IntervalStrategy.Epoch, epochEnds, observer, cancellationToken))
            {
                _phase = RunPhase.Step;
            }
        }

        bool Every(IntervalStrategy strategy, int steps) => strategy == IntervalStrategy.Steps && step % steps == 0;
    }

    /// <summary>Returns false when it was told to stop while it evaluated: the rest is still to be done.</summary>
    private bool LogEvaluateSave(bool log, bool evaluate, bool save, bool epochEnds, ITrainingObserver? observer, CancellationToken cancellationToken)
    {
        if (log && _progress.HasUnlogged)
        {
            LogStep(observer);
        }

        bool isBest = false;
        if (evaluate)
        {
            if (Measure(observer, cancellationToken) is not { } result)
            {
                return false;
            }

            isBest = Judge(result);
        }

        if (_arguments.SaveStrategy == IntervalStrategy.Best ? isBest : save)
        {
            bool epochFollows = _phase == RunPhase.StepEvents && (epochEnds || _state.ShouldTrainingStop);
            Save(epochFollows ? RunPhase.EpochEvents : RunPhase.Step, observer);
        }

        return true;
    }

    /// <summary>Evaluates and logs; null when it was told to stop, and nothing is logged.</summary>
    private EvaluationResult? Measure(ITrainingObserver? observer, CancellationToken cancellationToken)
    {
        EvaluationResult result;
        try
        {
            result = _evaluator.Run(_evalSamples, _arguments.PerDeviceEvalBatchSize, _arguments.LabelSmoothingFactor, observer, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }

        observer?.OnEvaluate(result);
        Log(
            observer,
            ("eval_loss", result.EvalLoss),
            ("eval_runtime", Math.Round(result.Seconds, 4)),
            ("eval_samples_per_second", Math.Round(result.Samples / result.Seconds, 3)),
            ("eval_steps_per_second", Math.Round(result.Batches / result.Seconds, 3)));
        if (_arguments.EffectiveMetric is not null && _state.EarlyStopping?.Observe(result.EvalLoss, _state.BestMetric, _arguments.EffectiveGreaterIsBetter) == true)
        {
            _state.ShouldTrainingStop = true;
        }

        return result;
    }

    /// <summary>The evaluation before the first step counts for early stopping only, not for the schedule or the best value: so does the Trainer.</summary>
    private void EvaluateAtStart(ITrainingObserver? observer, CancellationToken cancellationToken) => Measure(observer, cancellationToken);

    /// <summary>Tells the schedule, and updates the best value; true when it is a new best.</summary>
    private bool Judge(EvaluationResult result)
    {
        if (_arguments.EffectiveMetric is null)
        {
            return false;
        }

        if (_schedule is MetricSchedule schedule)
        {
            schedule.Observe(result.EvalLoss);
        }

        bool better = _state.BestMetric is not double best || (_arguments.EffectiveGreaterIsBetter ? result.EvalLoss > best : result.EvalLoss < best);
        if (!better || double.IsNaN(result.EvalLoss))
        {
            return false;
        }

        _state.BestMetric = result.EvalLoss;
        _state.BestGlobalStep = _state.GlobalStep;
        return true;
    }

    private string Save(RunPhase next, ITrainingObserver? observer)
    {
        if (_state.BestGlobalStep is int best)
        {
            string folder = CheckpointFolders.Of(_arguments.OutputDir, best);
            if (best == _state.GlobalStep || Directory.Exists(folder))
            {
                _state.BestModelCheckpoint = folder;
            }
        }

        string saved = _checkpoint!.Save(_state, next, next == RunPhase.Step ? [] : _progress.SaveWindow());
        _savedStep = next == RunPhase.Step ? _state.GlobalStep : -1;
        Rotate();
        observer?.OnSave(saved);
        return saved;
    }

    private void Rotate()
    {
        if (_arguments.SaveTotalLimit is int limit)
        {
            CheckpointFolders.Rotate(_arguments.OutputDir, limit, _state.BestModelCheckpoint, _state.GlobalStep);
        }
    }

    private void LogStep(ITrainingObserver? observer)
    {
        double loss = _progress.TakeWindow();
        if (_arguments.IncludeNumInputTokensSeen == InputTokenCount.No)
        {
            Log(observer, ("loss", loss), ("grad_norm", _progress.GradNorm), ("learning_rate", _progress.LearningRate));
        }
        else
        {
            Log(
                observer,
                ("loss", loss),
                ("grad_norm", _progress.GradNorm),
                ("learning_rate", _progress.LearningRate),
                ("train_runtime", Math.Round(_progress.Seconds, 4)),
                ("train_tokens_per_second", Math.Round(_progress.TokensPerSecond, 3)));
        }
    }

    private void Log(ITrainingObserver? observer, params ReadOnlySpan<(string Name, double Value)> numbers)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach ((string name, double value) in numbers)
        {
            values[name] = value;
        }

        values["epoch"] = _state.Epoch;
        if (_arguments.IncludeNumInputTokensSeen != InputTokenCount.No)
        {
            values["num_input_tokens_seen"] = _state.NumInputTokensSeen;
        }

        values["step"] = _state.GlobalStep;
        var row = new LogRow(values);
        _state.LogHistory.Add(row);
        observer?.OnLog(row);
    }

    private TrainingResult Finish(ITrainingObserver? observer, bool asked)
    {
        bool interrupted = asked && (!_state.ShouldTrainingStop || _phase != RunPhase.Step);
        if (!interrupted)
        {
            double seconds = _progress.Seconds;
            Log(
                observer,
                ("train_loss", _progress.TrainLoss),
                ("total_flos", _state.TotalFlos),
                ("train_runtime", Math.Round(seconds, 4)),
                ("train_samples_per_second", Math.Round(_arguments.NumTrainEpochs * _samples.Count / Math.Max(seconds, 1e-9), 3)),
                ("train_steps_per_second", Math.Round(_progress.Steps / Math.Max(seconds, 1e-9), 3)));
            EndWithBest();
        }
        else if (_state.GlobalStep > 0 && _savedStep != _state.GlobalStep)
        {
            Save(_phase, observer);
        }

        IReadOnlyList<(int Step, string Folder)> left = CheckpointFolders.List(_arguments.OutputDir);
        var result = new TrainingResult(
            _state.GlobalStep, _progress.TrainLoss, _progress.Seconds, _progress.Tokens, interrupted, !interrupted && _state.GlobalStep < _plan.MaxSteps, left.Count == 0 ? null : left[^1].Folder, _state);
        observer?.OnEnd(result);
        return result;
    }

    private void EndWithBest()
    {
        if (_state.BestModelCheckpoint is not { } recorded)
        {
            return;
        }

        // By name: the output folder may have been moved since.
        string best = Path.Combine(_arguments.OutputDir, Path.GetFileName(recorded));
        if (_arguments.LoadBestModelAtEnd && Directory.Exists(best))
        {
            OptimizerFile.LoadValues(best, _update);
        }

        if (_arguments.SaveTotalLimit == 1)
        {
            foreach ((_, string folder) in CheckpointFolders.List(_arguments.OutputDir))
            {
                if (Path.GetFileName(folder) != Path.GetFileName(best))
                {
                    CheckpointFolders.Remove(folder);
                }
            }
        }
    }
}
