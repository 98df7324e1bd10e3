using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Training.Data;

namespace Graft.Training;

/// <content>What happens when numbers break: nothing is updated, the last good state is saved, and the message says where it began.</content>
public sealed partial class Trainer
{
    private const int ShownRows = 8;

    private void ThrowIfNotFinite(double loss, double norm, int epoch, int first, int end)
    {
        if (double.IsFinite(loss) && double.IsFinite(norm))
        {
            return;
        }

        string what = !double.IsFinite(loss) ? $"the loss is {loss}" : $"the gradient of {FirstBrokenGradient()} is not finite";
        _update.Buffer.ClearGradients();
        if (BrokenFrozenWeight() is { } frozen)
        {
            throw new NonFiniteException($"step {_state.GlobalStep + 1}: {what}. The weight {frozen} already contains NaN or infinity: the model or adapter file is damaged.");
        }

        List<int> window = SamplesOf(epoch, first, end);
        if (BrokenTrainedWeight() is { } trained)
        {
            throw new NonFiniteException(_state.GlobalStep == 0
                ? $"step 1: {what}. {trained} already contains NaN or infinity: the model or adapter file is damaged."
                : $"step {_state.GlobalStep + 1}: {what}, because an earlier step has made {trained} infinite or NaN. Lower learning_rate, or set max_grad_norm.{NewestCheckpoint()}");
        }

        string rows = FirstBrokenRow(window) is (RowSource source, { } module)
            ? $"it begins with row {source}, in the output of {module}"
            : $"rows {string.Join(", ", window.Take(ShownRows).Select(index => _samples[index].Source))}{(window.Count > ShownRows ? ", ..." : string.Empty)}";
        string saved = _state.GlobalStep == 0 ? string.Empty : $" The state before this step is in {SaveBeforeFailure()}.";
        throw new NonFiniteException($"step {_state.GlobalStep + 1}: {what}; {rows}. Nothing was updated. Lower learning_rate, add warmup_steps, or look at these rows.{saved}");
    }

    private string SaveBeforeFailure()
    {
        _state.ShouldTrainingStop = false;
        return _savedStep == _state.GlobalStep ? CheckpointFolders.Of(_arguments.OutputDir, _state.GlobalStep) : Save(RunPhase.Step, observer: null);
    }

    private string NewestCheckpoint()
    {
        IReadOnlyList<(int Step, string Folder)> left = CheckpointFolders.List(_arguments.OutputDir);
        return left.Count == 0 ? string.Empty : $" The last checkpoint is {left[^1].Folder}.";
    }

    private List<int> SamplesOf(int epoch, int first, int end)
    {
        var samples = new List<int>();
        for (int batch = first; batch < end; batch++)
        {
            samples.AddRange(_batches.Batch(epoch, batch));
        }

        return samples;
    }

    /// <summary>Runs the rows one by one; the first one whose numbers break, and the module where they do. Null when none does on its own.</summary>
    private (RowSource Source, string? Module)? FirstBrokenRow(List<int> samples)
    {
        var probe = new BrokenModule();
        ForwardContext context = _micro.Context;
        context.BlockDone = (block, output) => probe.Look(block.Name, output);
        try
        {
            foreach (int index in samples)
            {
                _micro.Begin();
                _micro.Add(_samples[index], key: (ulong)index);
                _tape.Reset();
                _tape.Mode = TapeMode.Inference;
                context.Training = false;
                Tensor hidden = _model.Base.Forward(context);
                probe.Look("the final norm", hidden);
                LossSum loss = _model.Base.Loss(context, hidden, _micro.Targets, scale: 0);
                if (probe.Name is not null || !double.IsFinite(loss.Sum))
                {
                    return (_samples[index].Source, probe.Name ?? _model.Base.Head.Name);
                }
            }

            return null;
        }
        finally
        {
            context.BlockDone = null;
            _tape.Reset();
        }
    }

    private unsafe string FirstBrokenGradient()
    {
        foreach (TrainableParameter trainable in _trainable)
        {
            if (HasNonFinite(trainable.Parameter.Gradient, trainable.Parameter.Count))
            {
                return trainable.Name;
            }
        }

        return "all parameters together";
    }

    private string? BrokenFrozenWeight()
    {
        var trained = _trainable.Select(trainable => trainable.Parameter).ToHashSet();
        return _model.Base.DistinctWeights().Where(weight => !trained.Contains(weight.Slot.Original) && HasNonFinite(weight.Slot.Original)).Select(weight => weight.Name).FirstOrDefault();
    }

    private string? BrokenTrainedWeight() => _trainable.FirstOrDefault(trainable => HasNonFinite(trainable.Parameter))?.Name;

    private static unsafe bool HasNonFinite(Parameter parameter)
    {
        const int Chunk = 4096;
        float* values = stackalloc float[Chunk];
        for (long i = 0; i < parameter.Count; i += Chunk)
        {
            int count = (int)Math.Min(Chunk, parameter.Count - i);
            WeightDecoder.Decode(parameter.View, i, count, values);
            if (HasNonFinite(values, count))
            {
                return true;
            }
        }

        return false;
    }

    private static unsafe bool HasNonFinite(float* values, long count)
    {
        for (long i = 0; i < count; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Remembers the first module whose output is not finite.</summary>
    private sealed class BrokenModule
    {
        public string? Name { get; private set; }

        public unsafe void Look(string name, Tensor output)
        {
            if (Name is null && HasNonFinite(output.Data, output.Count))
            {
                Name = name;
            }
        }
    }
}
