using Graft.Tensors;

namespace Graft.Tensors.Tests;

/// <summary>A small model of all the ops: embeddings in, two blocks, a head with a loss. For tests of what must hold of a whole step.</summary>
internal sealed unsafe class OpChain : IRecomputable, IDisposable
{
    public const int Features = 37;
    public const int Inner = 53;
    public const int Vocabulary = 101;
    private const double Scale = 1.0 / 64;

    private readonly Dictionary<string, Parameter> _parameters = [];
    private readonly ParameterBuffer _buffer;

    /// <summary>A model with fixed values.</summary>
    /// <param name="dropout">Probability of the dropout in each block.</param>
    public OpChain(float dropout = 0.1f)
    {
        Dropout = dropout;
        Add("norm.weight", Features);
        Add("norm.bias", Features);
        Add("gate", Inner, Features);
        Add("gate.bias", Inner);
        Add("up", Inner, Features);
        Add("down", Features, Inner);
        Add("rms.weight", Features);
        Add("head", Vocabulary, Features);
        Add("head.bias", Vocabulary);
        _buffer = new ParameterBuffer([.. _parameters.Values]);
    }

    public float Dropout { get; }

    public Tape Tape { get; } = new() { Mode = TapeMode.Recording, RandomSeed = 42 };

    /// <summary>Whether the blocks are recomputed in the backward pass.</summary>
    public bool Checkpointing { get; set; }

    /// <summary>All gradients since they were last cleared.</summary>
    public float[] Gradients => new Span<float>(_buffer.Gradients, (int)_buffer.Count).ToArray();

    public void ClearGradients() => _buffer.ClearGradients();

    /// <summary>A forward and a backward pass.</summary>
    /// <param name="layout">The batch.</param>
    /// <param name="input">[rows, Features].</param>
    /// <param name="targets">One a row.</param>
    public LossSum Step(SequenceLayout layout, float[] input, int[] targets)
    {
        Tensor x = TestData.Leaf(Tape, layout, input);
        for (int i = 0; i < 2; i++)
        {
            x = Checkpointing ? Checkpoint.Run(Tape, this, x, state: null) : Run(Tape, x, state: null);
        }

        Tensor final = Op.RmsNorm(Tape, x, _parameters["rms.weight"], 1e-6f);
        LossSum loss = Op.LinearCrossEntropy(Tape, final, targets, _parameters["head"], _parameters["head.bias"], Scale, 0.05f);
        Tape.Backward();
        Tape.Reset();
        return loss;
    }

    /// <inheritdoc/>
    public Tensor Run(Tape tape, Tensor input, object? state)
    {
        Tensor x = Op.LayerNorm(tape, input, _parameters["norm.weight"], _parameters["norm.bias"], 1e-5f);
        Tensor gate = Op.Linear(tape, x, _parameters["gate"], _parameters["gate.bias"]);
        Tensor up = Op.Linear(tape, x, _parameters["up"], null);
        Tensor inner = Op.GatedActivation(tape, gate, Op.Activation(tape, up, ActivationKind.Gelu), ActivationKind.Silu);
        Tensor y = Op.Linear(tape, Op.Dropout(tape, inner, Dropout), _parameters["down"], null);
        return Op.Add(tape, input, y);
    }

    public void Dispose()
    {
        Tape.Dispose();
        _buffer.Dispose();
    }

    /// <summary>Targets for a batch, none for every third row.</summary>
    public static int[] Targets(int rows) => [.. Enumerable.Range(0, rows).Select(i => i % 3 == 0 ? -100 : i * 17 % Vocabulary)];

    private void Add(string name, params int[] shape)
    {
        int count = shape.Aggregate(1, (a, b) => a * b);
        _parameters[name] = TestData.Parameter(name, TestData.Uniform(count, (ulong)_parameters.Count + 1, 0.5f), shape);
    }
}
