using System.Diagnostics;
using Graft.Models;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Measures the loss on samples. Logits exist only for the labelled rows of one batch at a time.</summary>
public sealed class Evaluator
{
    private readonly MicroBatch _batch;
    private readonly LanguageModel _model;
    private float[] _tokenLosses = [];

    /// <summary>Evaluates <paramref name="model"/> with whatever adapters are active.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tape">A tape to run on.</param>
    public Evaluator(LanguageModel model, Tape tape)
    {
        _model = model;
        _batch = new MicroBatch(tape);
    }

    /// <summary>Is told every sample's own loss, in order; may be null.</summary>
    public Action<TokenizedSample, LossSum>? OnSample { get; set; }

    /// <summary>Runs over all samples, in order.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="batchSize">Samples in a batch.</param>
    /// <param name="labelSmoothing">As in training: it counts in <c>eval_loss</c> too.</param>
    /// <param name="observer">Hears of progress; may be null.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public EvaluationResult Run(IReadOnlyList<TokenizedSample> samples, int batchSize, double labelSmoothing = 0, ITrainingObserver? observer = null, CancellationToken cancellationToken = default)
    {
        var clock = Stopwatch.StartNew();
        int batches = (samples.Count + batchSize - 1) / batchSize;
        double rowWeighted = 0;
        double sum = 0;
        int countedRows = 0;
        long tokens = 0;
        for (int batch = 0; batch < batches; batch++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int first = batch * batchSize;
            int rows = Math.Min(batchSize, samples.Count - first);
            _batch.Begin();
            for (int i = first; i < first + rows; i++)
            {
                _batch.Add(samples[i], key: 0);
            }

            LossSum loss = Measure(labelSmoothing);
            if (loss.Count > 0)
            {
                rowWeighted += rows * (loss.Sum / loss.Count);
                countedRows += rows;
                sum += loss.Sum;
                tokens += loss.Count;
            }

            for (int i = 0; i < rows && OnSample is not null; i++)
            {
                OnSample(samples[first + i], LossOf(i));
            }

            observer?.OnEvaluationProgress(batch + 1, batches);
        }

        return new EvaluationResult(
            countedRows == 0 ? double.NaN : rowWeighted / countedRows, tokens == 0 ? double.NaN : sum / tokens, tokens, samples.Count, batches, clock.Elapsed.TotalSeconds);
    }

    private LossSum Measure(double labelSmoothing)
    {
        ForwardContext context = _batch.Context;
        context.Tape.Reset();
        context.Tape.Mode = TapeMode.Inference;
        context.Training = false;
        context.GradientCheckpointing = false;
        int rows = OnSample is not null ? context.Sequences.Rows : 0;
        if (_tokenLosses.Length < rows)
        {
            _tokenLosses = new float[Math.Max(rows, 2 * _tokenLosses.Length)];
        }

        return _model.Loss(context, _model.Forward(context), _batch.Targets, scale: 0, (float)labelSmoothing, _tokenLosses.AsSpan(0, rows));
    }

    /// <summary>The loss of one sequence of the batch that was measured last.</summary>
    private LossSum LossOf(int sequence)
    {
        (int start, int end) = (_batch.Context.Sequences.Offsets[sequence], _batch.Context.Sequences.Offsets[sequence + 1]);
        double sum = 0;
        foreach (float loss in _tokenLosses.AsSpan(start, end - start))
        {
            sum += loss;
        }

        return new LossSum(sum, end - start - _batch.Targets[start..end].Count(TokenizedSample.Ignored));
    }
}
