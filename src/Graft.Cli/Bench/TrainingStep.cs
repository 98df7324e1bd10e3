using System.Diagnostics;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Bench;

/// <summary>LoRA training steps of a model with random weights on rows of random tokens: the trainer's own steps, one at a time.</summary>
/// <remarks>r 16, alpha 32, dropout 0.05; AdamW; gradients clipped to a norm of 1.</remarks>
internal sealed class TrainingStep : IDisposable
{
    private const double LearningRate = 2e-4;

    private readonly PeftModel _model;
    private readonly IReadOnlyList<TokenizedSample> _samples;
    private readonly DataProfile _data;
    private readonly Tape _tape = new();
    private readonly MicroBatch _micro;
    private readonly ParameterUpdate _update;
    private ulong _steps;
    private int _next;

    /// <summary>Makes model, adapter and optimizer.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="storage">How its weights are stored.</param>
    /// <param name="data">The rows.</param>
    /// <param name="precision">What products compute in.</param>
    /// <param name="targetModules">The layers with an adapter; null for the family's usual ones.</param>
    public TrainingStep(ModelShape shape, BaseStorage storage, DataProfile data, ComputePrecision precision = ComputePrecision.Float32, ModuleSelection? targetModules = null)
    {
        _tape.Precision = precision;
        _data = data;
        _tape.Arena.BeginLarge();
        long start = Stopwatch.GetTimestamp();
        _model = new PeftModel(storage.CreateModel(shape));
        LoadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        LinearWeights = ModelShape.LinearWeights(_model.Base);
        WeightBytes = _model.Base.DistinctWeights().Sum(weight => BytesOf(weight.Slot.Original));
        _model.AddAdapter(new LoraConfig { R = 16, LoraAlpha = 32, LoraDropout = 0.05, TargetModules = targetModules });
        _samples = data.Samples(_model.Base.Config.VocabularySize);
        _micro = new MicroBatch(_tape);
        IReadOnlyList<TrainableParameter> trainable = _model.TrainableParameters();
        var arguments = new TrainingArguments { LearningRate = LearningRate, MaxGradNorm = 1 };
        _update = new ParameterUpdate(new ParameterBuffer([.. trainable.Select(t => t.Parameter)]), trainable, arguments);
    }

    /// <summary>Weights of every linear layer and of the head.</summary>
    public long LinearWeights { get; }

    /// <summary>Time that loading the model took, or making it up; what is quantised on loading is quantised then.</summary>
    public double LoadSeconds { get; }

    /// <summary>Bytes of the frozen base.</summary>
    public long WeightBytes { get; }

    /// <summary>Forward and backward over the accumulation window, clipping, update.</summary>
    /// <returns>Tokens of the window.</returns>
    public int Run()
    {
        int trained = 0;
        int rows = _data.BatchSize * _data.Accumulation;
        for (int i = 0; i < rows; i++)
        {
            trained += _samples[(_next + i) % _samples.Count].TrainableTokens;
        }

        int tokens = 0;
        for (int i = 0; i < _data.Accumulation; i++)
        {
            tokens += RunMicroBatch(1.0 / trained);
        }

        using (OpProfile.Measure("clipping and optimizer"))
        {
            // The norm reads the gradients; the update reads and writes value, gradient and two moments.
            OpProfile.Count(0, 9.0 * sizeof(float) * _update.Buffer.Count);
            _update.Apply(_update.GradientNorm(), maxNorm: 1);
        }

        _steps++;
        return tokens;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _update.Dispose();
        _tape.Dispose();
        _model.Dispose();
    }

    private static long BytesOf(Parameter weight) => weight.Quantized?.ByteLength ?? (weight.Count * weight.DType.SizeInBytes());

    private int RunMicroBatch(double scale)
    {
        _micro.Begin();
        for (int i = 0; i < _data.BatchSize; i++)
        {
            _micro.Add(_samples[_next], (ulong)_next);
            _next = (_next + 1) % _samples.Count;
        }

        _tape.Reset();
        _tape.Mode = TapeMode.Recording;
        _tape.RandomSeed = _steps;
        _micro.Context.Training = true;
        Tensor hidden = _model.Base.Forward(_micro.Context);
        _model.Base.Loss(_micro.Context, hidden, _micro.Targets, scale);
        _tape.Backward();
        return _micro.Context.Sequences.Rows;
    }
}
