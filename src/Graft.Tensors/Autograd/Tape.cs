using System.Runtime.InteropServices;
using Graft.Tensors.Kernels;
using Graft.Tensors.Memory;

namespace Graft.Tensors;

/// <summary>Runs ops, remembers them in execution order, and walks back over them. Also the owner of all tensors of a step.</summary>
/// <remarks>
/// Execution order makes sorting needless. A node is recorded only when one of its inputs requires a gradient, so nothing below the
/// lowest trainable parameter costs anything (design D6). After the first steps no managed memory is allocated: tensors and nodes are pooled.
/// </remarks>
public sealed unsafe class Tape : IDisposable
{
    /// <summary>What <see cref="LogitsBytes"/> is unless set: fewer rows at a time read the head too often.</summary>
    public const long DefaultLogitsBytes = 128L << 20;

    private readonly List<Node> _nodes = new(1024);
    private readonly List<Tensor> _tensors = new(1024);
    private readonly List<Tensor> _live = new(1024);
    private readonly NodePool _pool = new();
    private int _tensorsInUse;

    /// <summary>An empty tape.</summary>
    public Tape() => PackedOperands = new PackedOperands(Arena);

    /// <summary>Memory of the step.</summary>
    public StepArena Arena { get; } = new();

    /// <summary>Inputs of products that are kept packed.</summary>
    internal PackedOperands PackedOperands { get; }

    /// <summary>Whether nodes are recorded.</summary>
    public TapeMode Mode { get; set; } = TapeMode.Inference;

    /// <summary>What products compute in, and what is kept for the backward pass in.</summary>
    public ComputePrecision Precision { get; set; }

    /// <summary>Most bytes of logits that <see cref="Op.LinearCrossEntropy"/> holds at a time.</summary>
    public long LogitsBytes { get; set; } = DefaultLogitsBytes;

    /// <summary>Whether products read their weight once and unpacked: for a few rows, as when each sequence is decoded token by token.</summary>
    /// <remarks>
    /// The order of summation is another one (<see cref="Kernels.Gemm.MultiplyTransposedSmall"/>), so that a row gets the same bits in
    /// any batch it must be chosen by what the rows are (new tokens or a prompt), never by how many there are. Inference only.
    /// </remarks>
    public bool Decoding { get; set; }

    /// <summary>Seed of this step's random numbers: the run's seed mixed with the number of the optimizer step.</summary>
    public ulong RandomSeed { get; set; }

    /// <summary>Number of random ops so far in this forward pass; it names an op's random numbers, so a recomputed block draws the same.</summary>
    public int RandomOrdinal { get; set; }

    /// <summary>Whether an op with a trainable input has to be recorded.</summary>
    public bool Recording => Mode == TapeMode.Recording;

    /// <summary>A tensor with undefined contents.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="sequences">The sequences that the rows belong to.</param>
    /// <param name="requiresGrad">Whether an input or parameter of the op that makes it requires a gradient; ignored in inference.</param>
    public Tensor NewTensor(int rows, int columns, SequenceLayout sequences, bool requiresGrad)
    {
        if (_tensorsInUse == _tensors.Count)
        {
            _tensors.Add(new Tensor());
        }

        Tensor tensor = _tensors[_tensorsInUse++];
        tensor.Rows = rows;
        tensor.Columns = columns;
        tensor.Sequences = sequences;
        tensor.Data = Arena.Allocate(tensor.Count);
        tensor.RequiresGrad = requiresGrad && Mode != TapeMode.Inference;
        tensor.Gradient = null;
        tensor.SavedBy = 0;
        tensor.Packed = null;
        tensor.IsExact = false;
        tensor.Producer = -1;
        _live.Add(tensor);
        return tensor;
    }

    /// <summary>A node for the op that made, or changed in place, <paramref name="output"/>.</summary>
    /// <typeparam name="TNode">The op's node type.</typeparam>
    /// <param name="output">The tensor whose gradient the node passes on.</param>
    public TNode Record<TNode>(Tensor output)
        where TNode : Node, new()
    {
        TNode node = _pool.Rent<TNode>();
        node.Output = output;
        if (output.Producer < 0)
        {
            output.Producer = _nodes.Count;
        }

        _nodes.Add(node);
        return node;
    }

    /// <summary>Where to put a contribution to the gradient of <paramref name="tensor"/>.</summary>
    /// <param name="tensor">An input of the node that runs backward.</param>
    /// <param name="accumulate">True: add to what is there. False: the memory is fresh, overwrite all of it.</param>
    public float* GradientOf(Tensor tensor, out bool accumulate)
    {
        accumulate = tensor.Gradient != null;
        if (!accumulate)
        {
            tensor.Gradient = Arena.Allocate(tensor.Count);
        }

        return tensor.Gradient;
    }

    /// <summary>The gradient of <paramref name="tensor"/>, all zero where nothing has contributed yet.</summary>
    /// <param name="tensor">An input of the node that runs backward.</param>
    public float* GradientOrZeros(Tensor tensor)
    {
        float* gradient = GradientOf(tensor, out bool accumulate);
        if (!accumulate)
        {
            NativeMemory.Clear(gradient, (nuint)(tensor.Count * sizeof(float)));
        }

        return gradient;
    }

    /// <summary>The gradient that has arrived at a node's output.</summary>
    /// <param name="node">The node that runs backward.</param>
    public static float* IncomingGradient(Node node) => node.Output.Gradient;

    /// <summary>Hands the gradient buffer of <paramref name="from"/> to <paramref name="to"/>: for ops whose derivative is one.</summary>
    /// <param name="from">The output, whose gradient nobody else reads any more.</param>
    /// <param name="to">An input of the same size without a gradient so far.</param>
    /// <returns>False, and nothing done, when <paramref name="to"/> already has a gradient.</returns>
    public static bool TryMoveGradient(Tensor from, Tensor to)
    {
        if (to.Gradient != null || from.Count != to.Count)
        {
            return false;
        }

        to.Gradient = from.Gradient;
        from.Gradient = null;
        return true;
    }

    /// <summary>Marks the beginning of a scope, to be given to <see cref="EndScope"/>.</summary>
    public int BeginScope() => _live.Count;

    /// <summary>
    /// Frees the data of every tensor made since <paramref name="scope"/> that no node has saved, but for <paramref name="result"/>. Where
    /// the tape computes in bf16, what has been saved is stored as bf16 from here on. The result moves to where something was freed, so that
    /// it does not split the memory that the next scope works in.
    /// </summary>
    /// <param name="scope">What <see cref="BeginScope"/> returned.</param>
    /// <param name="result">What the scope made; stays.</param>
    public void EndScope(int scope, Tensor result)
    {
        int kept = scope;
        for (int i = scope; i < _live.Count; i++)
        {
            Tensor tensor = _live[i];
            if (ReferenceEquals(tensor, result))
            {
                _live[kept++] = tensor;
                continue;
            }

            Release(tensor);
            if (tensor.SavedBy > 0)
            {
                _live[kept++] = tensor;
            }
        }

        CollectionsMarshal.SetCount(_live, kept);
        PackedOperands.ReleaseAll();
        if (result.ReadOnlyData != null)
        {
            result.Data = Arena.MoveDown(result.Data, result.Count);
        }
    }

    /// <summary>Frees the data of a tensor that no op of the forward pass will read any more, unless a node has saved it; that is then stored in the tape's precision.</summary>
    /// <param name="tensor">The tensor; its gradient can still flow.</param>
    public void Release(Tensor tensor)
    {
        if (tensor.SavedBy == 0)
        {
            FreeData(tensor);
        }
        else if (Precision == ComputePrecision.BFloat16)
        {
            Pack(tensor);
        }
    }

    /// <summary>Rounds what one block hands to the next to the tape's precision, in place.</summary>
    /// <remarks>A checkpointed block is run again from what was kept of its input: the first run must have seen no more than that.</remarks>
    /// <param name="tensor">A block's input.</param>
    public void Round(Tensor tensor)
    {
        if (Precision == ComputePrecision.BFloat16)
        {
            using OpProfile.Span span = OpProfile.Measure("rounding");
            OpProfile.Count(0, 2.0 * sizeof(float) * tensor.Count);
            RoundedTo.Apply(tensor.Data, tensor.Data, tensor.Count, DType.BFloat16);
        }
    }

    /// <summary>Runs all nodes backward, from the last one recorded. The loss has put the first gradient in place.</summary>
    public void Backward() => BackwardFrom(0);

    /// <summary>Runs backward, and forgets, the nodes from <paramref name="first"/> on.</summary>
    /// <param name="first">Index of the first node to run.</param>
    internal void BackwardFrom(int first)
    {
        for (int i = _nodes.Count - 1; i >= first; i--)
        {
            Node node = _nodes[i];
            CollectionsMarshal.SetCount(_nodes, i);
            Tensor output = node.Output;
            if (output.ReadOnlyGradient != null)
            {
                Unpack(node);
                using OpProfile.Span span = OpProfile.Backward(node.Name);
                node.Backward(this);
            }

            if (output.Producer == i && output.ReadOnlyGradient != null)
            {
                PackedOperands.Release(output);
                Arena.Free(output.Gradient, output.Count);
                output.Gradient = null;
            }

            ReleaseSaved(node);
            _pool.Return(node);
        }
    }

    /// <summary>Number of nodes recorded.</summary>
    public int NodeCount => _nodes.Count;

    /// <summary>Ends the step: all tensors and nodes are free for the next one.</summary>
    public void Reset()
    {
        foreach (Node node in _nodes)
        {
            node.ForgetSaved();
            _pool.Return(node);
        }

        _nodes.Clear();
        _live.Clear();
        _tensorsInUse = 0;
        RandomOrdinal = 0;
        PackedOperands.Forget();
        Arena.Reset();
    }

    /// <inheritdoc/>
    public void Dispose() => Arena.Dispose();

    private void ReleaseSaved(Node node)
    {
        foreach (Tensor tensor in node.Saved)
        {
            if (--tensor.SavedBy == 0)
            {
                FreeData(tensor);
            }
        }

        node.ForgetSaved();
    }

    private void FreeData(Tensor tensor)
    {
        PackedOperands.Release(tensor);
        if (tensor.Packed != null)
        {
            Arena.Free((float*)tensor.Packed, PackedLength(tensor));
            tensor.Packed = null;
        }

        if (tensor.Data != null)
        {
            Arena.Free(tensor.Data, tensor.Count);
            tensor.Data = null;
        }
    }

    private void Pack(Tensor tensor)
    {
        if (tensor.IsExact || tensor.Data == null)
        {
            return;
        }

        using OpProfile.Span span = OpProfile.Measure("packing");
        var packed = (ushort*)Arena.Allocate(PackedLength(tensor));
        HalfWidthCopy.Narrow(tensor.Data, packed, tensor.Count);
        FreeData(tensor);
        tensor.Packed = packed;
    }

    private void Unpack(Node node)
    {
        foreach (Tensor tensor in node.Saved)
        {
            if (tensor.Packed != null)
            {
                using OpProfile.Span span = OpProfile.Backward("packing");
                float* data = Arena.Allocate(tensor.Count);
                HalfWidthCopy.Widen(tensor.Packed, data, tensor.Count);
                FreeData(tensor);
                tensor.Data = data;
            }
        }
    }

    /// <summary>Floats in whose memory the bf16 numbers fit.</summary>
    private static long PackedLength(Tensor tensor) => (tensor.Count + 1) / 2;
}
