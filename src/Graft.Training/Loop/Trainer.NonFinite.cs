using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training;

/// <content>What happens when numbers break: nothing is updated, the last good state is saved, and the message says where it began.</content>
public sealed partial class Trainer
{
    private void ThrowIfNotFinite(double loss, double norm, int epoch, int first, int end)
    {
        if (double.IsFinite(loss) && double.IsFinite(norm))
        {
            return;
        }

        string what = !double.IsFinite(loss) ? $"the loss is {loss}" : $"the gradient of {FirstBroken()} is not finite";
        string? weight = FirstBrokenWeight();
        var rows = new List<RowSource>();
        for (int batch = first; batch < end; batch++)
        {
            foreach (int index in _batches.Batch(epoch, batch))
            {
                rows.Add(_samples[index].Source);
            }
        }

        _update.Buffer.ClearGradients();
        string saved = string.Empty;
        if (weight is null && _state.GlobalStep > 0)
        {
            _state.ShouldTrainingStop = false;
            string folder = TrainingCheckpoint.Save(_arguments.OutputDir, _model, _update, _schedule, _state, _fingerprint.Value, SaveTokenizer);
            saved = $" The state before this step is in {folder}.";
        }

        string cause = weight is null
            ? "Lower learning_rate, add warmup_steps, or look at these rows."
            : $"The weight {weight} already contains NaN or infinity: the model or adapter file is damaged.";
        throw new NonFiniteException($"step {_state.GlobalStep + 1}: {what}; rows {string.Join(", ", rows.Take(8))}{(rows.Count > 8 ? ", ..." : string.Empty)}. {cause}{saved}");
    }

    private unsafe string FirstBroken()
    {
        foreach (TrainableParameter trainable in _trainable)
        {
            if (HasNonFinite(trainable.Parameter.Gradient, trainable.Parameter.Count))
            {
                return trainable.Name;
            }
        }

        return "some parameter";
    }

    private string? FirstBrokenWeight()
    {
        foreach ((string name, Models.WeightSlot slot) in _model.Base.DistinctWeights())
        {
            if (HasNonFinite(slot.Current))
            {
                return name;
            }
        }

        foreach (TrainableParameter trainable in _trainable)
        {
            if (HasNonFinite(trainable.Parameter))
            {
                return trainable.Name;
            }
        }

        return null;
    }

    private static unsafe bool HasNonFinite(Parameter parameter)
    {
        const int Chunk = 4096;
        float* values = stackalloc float[Chunk];
        for (long i = 0; i < parameter.Count; i += Chunk)
        {
            int count = (int)Math.Min(Chunk, parameter.Count - i);
            Graft.Tensors.Kernels.WeightDecoder.Decode(parameter.View, i, count, values);
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
}
