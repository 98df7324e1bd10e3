using Graft.Tensors;
using Graft.Tensors.Threading;
using Graft.Training.Optimizers;

namespace Graft.Training;

/// <summary>The flat buffers' part of an optimizer step: norm, clipping and update, each shared out among the workers.</summary>
/// <remarks>Parts are fixed stretches of the buffers and partial sums are added in order, so the bits do not depend on the number of workers.</remarks>
public sealed unsafe class ParameterUpdate : IDisposable
{
    private readonly double[] _terms;

    /// <summary>Lays out the optimizer over the buffer.</summary>
    /// <param name="buffer">Values and gradients.</param>
    /// <param name="trainable">What is trained, in buffer order.</param>
    /// <param name="arguments">Optimizer, rate and decay.</param>
    public ParameterUpdate(ParameterBuffer buffer, IReadOnlyList<Peft.TrainableParameter> trainable, TrainingArguments arguments)
    {
        Buffer = buffer;
        IEnumerable<TrainableParameter> described = trainable.Select(t => new TrainableParameter(t.Name, t.Parameter.Shape, t.ModuleType));
        ParameterGrouping grouping = arguments.LoraplusLrRatio is { } ratio
            ? new LoraPlus(arguments.LearningRate, ratio, arguments.LoraplusWeightDecay, arguments.LoraplusLrEmbedding).Group(described)
            : WeightDecayRule.Group(described, arguments.LearningRate, arguments.WeightDecay);
        ParameterSlot[] slots = [.. trainable.Select((t, i) => new ParameterSlot(t.Name, buffer.OffsetOf(i), t.Parameter.Shape, grouping.GroupOf[i]))];
        Optimizer = OptimizerFactory.Create(arguments, slots, grouping.Groups);
        _terms = new double[(buffer.Count + GradientClipping.ChunkLength - 1) / GradientClipping.ChunkLength];
    }

    /// <summary>Values and gradients.</summary>
    public ParameterBuffer Buffer { get; }

    /// <summary>The optimizer.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>Norm of all gradients together.</summary>
    public double GradientNorm()
    {
        fixed (double* terms = _terms)
        {
            var job = new NormJob { Gradients = Buffer.Gradients, Count = Buffer.Count, Terms = terms };
            WorkerPool.Shared.Run(_terms.Length, ref job);
        }

        double total = 0;
        foreach (double term in _terms)
        {
            total = GradientClipping.Combine(total, term, 2);
        }

        return GradientClipping.NormOf(total, 2);
    }

    /// <summary>Updates all parameters and clears the gradients.</summary>
    /// <param name="norm">What <see cref="GradientNorm"/> returned.</param>
    /// <param name="maxNorm">Limit of the norm; 0 for none.</param>
    public void Apply(double norm, double maxNorm)
    {
        Optimizer.GradientScale = maxNorm > 0 ? GradientClipping.Factor(norm, maxNorm) : 1;
        Optimizer.Begin();
        var job = new UpdateJob { Optimizer = Optimizer, Values = Buffer.Values, Gradients = Buffer.Gradients };
        WorkerPool.Shared.Run(Optimizer.TileCount, ref job);
        Buffer.ClearGradients();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Buffer.Dispose();
    }

    private struct NormJob : IParallelJob
    {
        public float* Gradients;
        public long Count;
        public double* Terms;

        public readonly void Execute(int part)
        {
            long start = (long)part * GradientClipping.ChunkLength;
            Terms[part] = GradientClipping.ChunkTerm(Gradients + start, (int)Math.Min(GradientClipping.ChunkLength, Count - start), 2);
        }
    }

    private struct UpdateJob : IParallelJob
    {
        public Optimizer Optimizer;
        public float* Values, Gradients;

        public readonly void Execute(int part) => Optimizer.Update(Values, Gradients, part, part + 1);
    }
}
