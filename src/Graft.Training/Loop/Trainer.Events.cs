using System.Text;
using System.Text.Json;
using Graft.Formats;
using Graft.Training.Schedules;

namespace Graft.Training;

/// <content>What happens between steps, in the Trainer's order: log, evaluate, judge, save, rotate.</content>
public sealed partial class Trainer
{
    private void LogEvaluateSave(RunProgress progress, bool epochEnds, ITrainingObserver? observer)
    {
        int step = _state.GlobalStep;
        bool last = step >= _plan.MaxSteps;
        if (Due(_arguments.LoggingStrategy, _loggingSteps, epochEnds, alsoLast: false) || (_arguments.LoggingFirstStep && step == 1))
        {
            Log(observer, ("loss", progress.TakeWindow()), ("grad_norm", progress.GradNorm), ("learning_rate", progress.LearningRate));
        }

        bool pastDelay = _arguments.EvalStrategy == IntervalStrategy.Epoch ? _state.Epoch >= _arguments.EvalDelay : step >= _arguments.EvalDelay;
        bool isBest = false;
        if (pastDelay && Due(_arguments.EvalStrategy, _evalSteps, epochEnds, alsoLast: true))
        {
            isBest = Evaluate(observer, stepsSchedule: true, CancellationToken.None);
        }

        bool save = _arguments.SaveStrategy == IntervalStrategy.Best ? isBest : Due(_arguments.SaveStrategy, _saveSteps, epochEnds, alsoLast: true);
        if (save)
        {
            Save(observer);
        }

        bool Due(IntervalStrategy strategy, int every, bool atEpochEnd, bool alsoLast) => strategy switch
        {
            IntervalStrategy.Steps => step % every == 0 || (alsoLast && last),
            IntervalStrategy.Epoch => atEpochEnd || (last && alsoLast),
            _ => false,
        };
    }

    /// <summary>Evaluates, tells early stopping and the schedule, and updates the best value; true when it is a new best.</summary>
    private bool Evaluate(ITrainingObserver? observer, bool stepsSchedule, CancellationToken cancellationToken)
    {
        EvaluationResult result = _evaluator.Run(_evalSamples, _arguments.PerDeviceEvalBatchSize, _arguments.LabelSmoothingFactor, observer, cancellationToken);
        Log(
            observer,
            ("eval_loss", result.EvalLoss),
            ("eval_runtime", Math.Round(result.Seconds, 4)),
            ("eval_samples_per_second", Math.Round(result.Samples / result.Seconds, 3)),
            ("eval_steps_per_second", Math.Round(result.Batches / result.Seconds, 3)));
        if (_arguments.EffectiveMetric is not { } metric)
        {
            return false;
        }

        if (metric != "eval_loss")
        {
            throw new ArgumentException($"metric_for_best_model '{metric}' is not measured; there is eval_loss");
        }

        bool greater = _arguments.EffectiveGreaterIsBetter;
        if (_state.EarlyStopping?.Observe(result.EvalLoss, _state.BestMetric, greater) == true)
        {
            _state.ShouldTrainingStop = true;
        }

        if (stepsSchedule && _schedule is MetricSchedule schedule)
        {
            schedule.Observe(result.EvalLoss);
        }

        bool better = _state.BestMetric is not double best || (greater ? result.EvalLoss > best : result.EvalLoss < best);
        if (better && !double.IsNaN(result.EvalLoss) && stepsSchedule)
        {
            _state.BestMetric = result.EvalLoss;
            _state.BestGlobalStep = _state.GlobalStep;
            return true;
        }

        return false;
    }

    private void Save(ITrainingObserver? observer)
    {
        if (_state.BestGlobalStep is int best)
        {
            string folder = TrainingCheckpoint.FolderOf(_arguments.OutputDir, best);
            if (best == _state.GlobalStep || Directory.Exists(folder))
            {
                _state.BestModelCheckpoint = folder;
            }
        }

        string saved = TrainingCheckpoint.Save(_arguments.OutputDir, _model, _update, _schedule, _state, _fingerprint.Value, SaveTokenizer);
        TrainingCheckpoint.Rotate(_arguments.OutputDir, _arguments.SaveTotalLimit, _state.BestModelCheckpoint);
        observer?.OnSave(saved);
    }

    private void Log(ITrainingObserver? observer, params ReadOnlySpan<(string Name, double Value)> numbers)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach ((string name, double value) in numbers)
        {
            values[name] = value;
        }

        values["epoch"] = _state.Epoch;
        values["step"] = _state.GlobalStep;
        var row = new LogRow(values);
        _state.LogHistory.Add(row);
        observer?.OnLog(row);
    }

    private TrainingResult Finish(RunProgress progress, ITrainingObserver? observer, bool asked)
    {
        bool interrupted = asked && !_state.ShouldTrainingStop;
        if (interrupted)
        {
            if (_state.GlobalStep > 0)
            {
                Save(observer);
            }
        }
        else
        {
            double seconds = progress.Seconds;
            Log(
                observer,
                ("train_loss", progress.TrainLoss),
                ("train_runtime", Math.Round(seconds, 4)),
                ("train_samples_per_second", Math.Round(_arguments.NumTrainEpochs * _samples.Count / Math.Max(seconds, 1e-9), 3)),
                ("train_steps_per_second", Math.Round(progress.Steps / Math.Max(seconds, 1e-9), 3)));
            EndWithBest();
        }

        IReadOnlyList<(int Step, string Folder)> left = TrainingCheckpoint.List(_arguments.OutputDir);
        var result = new TrainingResult(
            _state.GlobalStep, progress.TrainLoss, progress.Seconds, progress.Tokens, interrupted, !interrupted && _state.GlobalStep < _plan.MaxSteps, left.Count == 0 ? null : left[^1].Folder, _state);
        observer?.OnEnd(result);
        return result;
    }

    private void EndWithBest()
    {
        if (_arguments.LoadBestModelAtEnd && _state.BestModelCheckpoint is { } best && Directory.Exists(best))
        {
            OptimizerFile.LoadValues(best, _update);
        }

        if (_arguments.SaveTotalLimit == 1 && _state.BestModelCheckpoint is { } kept)
        {
            foreach ((_, string folder) in TrainingCheckpoint.List(_arguments.OutputDir))
            {
                if (Path.GetFileName(folder) != Path.GetFileName(kept))
                {
                    TrainingCheckpoint.Remove(folder);
                }
            }
        }
    }
}
