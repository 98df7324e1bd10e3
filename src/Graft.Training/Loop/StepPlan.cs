using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Step arithmetic of a run, as the Hugging Face Trainer does it.</summary>
public sealed class StepPlan
{
    private readonly IBatchPlan _batches;
    private readonly int _accumulation;

    /// <summary>Works out the steps.</summary>
    /// <param name="batches">The micro-batches.</param>
    /// <param name="arguments">Epochs or steps, accumulation.</param>
    public StepPlan(IBatchPlan batches, TrainingArguments arguments)
    {
        _batches = batches;
        _accumulation = arguments.GradientAccumulationSteps;
        if (arguments.MaxSteps > 0)
        {
            MaxSteps = arguments.MaxSteps;
            (int epoch, int window) = PositionAfter(MaxSteps);
            NumTrainEpochs = epoch + (window > 0 ? 1 : 0);
            return;
        }

        NumTrainEpochs = (int)Math.Ceiling(arguments.NumTrainEpochs);
        int perEpoch = WindowsIn(0);
        bool isEven = Enumerable.Range(1, NumTrainEpochs - 1).All(epoch => WindowsIn(epoch) == perEpoch);
        MaxSteps = isEven ? (int)Math.Ceiling(arguments.NumTrainEpochs * perEpoch) : StepsOfUnevenEpochs(arguments.NumTrainEpochs);
    }

    /// <summary>Optimizer steps of the whole run.</summary>
    public int MaxSteps { get; }

    /// <summary>Epochs that are begun.</summary>
    public int NumTrainEpochs { get; }

    /// <summary>Optimizer steps in an epoch: the last one may have fewer micro-batches.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    public int WindowsIn(int epoch) => (_batches.BatchesIn(epoch) + _accumulation - 1) / _accumulation;

    /// <summary>First micro-batch of a window, and the one after its last.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="window">The window in the epoch, from 0.</param>
    public (int First, int End) Window(int epoch, int window)
        => (window * _accumulation, Math.Min(_batches.BatchesIn(epoch), (window + 1) * _accumulation));

    /// <summary>Where the run stands after so many steps: the next window to do.</summary>
    /// <param name="globalStep">Steps done.</param>
    public (int Epoch, int Window) PositionAfter(int globalStep)
    {
        int epoch = 0;
        int left = globalStep;
        while (left >= WindowsIn(epoch))
        {
            left -= WindowsIn(epoch);
            epoch++;
        }

        return (epoch, left);
    }

    /// <summary>A number of steps that may be given as a share of all steps.</summary>
    /// <param name="value">Steps, or a share below 1.</param>
    public int Steps(double value) => value < 1 ? (int)Math.Ceiling(MaxSteps * value) : (int)value;

    /// <summary>Where batches have a limit of tokens, epochs may differ in their number of windows.</summary>
    private int StepsOfUnevenEpochs(double epochs)
    {
        int steps = 0;
        for (int epoch = 0; epoch < NumTrainEpochs; epoch++)
        {
            steps += (int)Math.Ceiling(Math.Min(1, epochs - epoch) * WindowsIn(epoch));
        }

        return steps;
    }
}
