using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>Weights of a GGUF file, used where they lie in the memory map, in the blocks that they are stored in.</summary>
internal sealed unsafe class GgufWeights(GgufFile file, GgufArchitecture architecture) : WeightSource
{
    private const int MostProblems = 10_000;

    private readonly GgufMetadata _metadata = new(file);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    /// <inheritdoc/>
    public override bool Has(string name) => Find(name) is not null;

    /// <inheritdoc/>
    public override bool AreEqual(string first, string second) => ReferenceEquals(Find(first), Find(second));

    /// <inheritdoc/>
    /// <remarks>llama.cpp stores every matrix [out, in].</remarks>
    public override LinearLayout LayoutOf(string name, LinearLayout usual) => LinearLayout.OutIn;

    /// <inheritdoc/>
    public override Parameter Take(string name, WeightRole role, int[] shape)
    {
        if (Find(name) is not { } tensor)
        {
            return StandIn(name, $"missing: {name} [{string.Join(", ", shape)}] ({architecture.TensorName(name) ?? "which GGUF has no name for"})");
        }

        _taken.Add(tensor.Name);
        if (!tensor.Shape.SequenceEqual(shape.Select(size => (long)size)))
        {
            return StandIn(name, $"wrong shape: {tensor.Name} is [{string.Join(", ", tensor.Shape)}] in the file, the metadata ask for [{string.Join(", ", shape)}]");
        }

        int[]? storedRows = architecture.StoredRows(name, shape[0], _metadata);
        if (BlockFormat.Find(tensor.Type.ToString()) is { } format)
        {
            (int rows, int columns) = shape.Length == 1 ? (1, shape[0]) : (shape[0], checked((int)(tensor.ElementCount / shape[0])));
            return new Parameter(name, shape, new BlockMatrix(format, rows, columns, tensor.Data, file, storedRows));
        }

        DType dtype = tensor.Type.PlainDType() ?? throw new NotSupportedException($"'{file.Path}', tensor '{tensor.Name}': the type {tensor.Type} is not supported");
        return storedRows is null ? new Parameter(name, shape, dtype, (nint)tensor.Data, file) : Reordered(name, shape, dtype, tensor, storedRows);
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        foreach (GgufTensor tensor in file.Tensors)
        {
            if (!_taken.Contains(tensor.Name) && !architecture.IsIgnored(tensor.Name))
            {
                _problems.Add($"unexpected: {tensor} is not part of a {architecture.Name} model");
            }
        }

        if (_problems.Count > 0)
        {
            throw WeightMismatch.Error($"{file.Path}: the tensors do not fit the metadata", _problems);
        }
    }

    /// <summary>A copy of plain elements with the rows in order.</summary>
    private static Parameter Reordered(string name, int[] shape, DType dtype, GgufTensor tensor, int[] storedRows)
    {
        long rowBytes = tensor.ByteLength / storedRows.Length;
        var memory = new NativeBuffer(tensor.ByteLength);
        for (int row = 0; row < storedRows.Length; row++)
        {
            Buffer.MemoryCopy(tensor.Data + (storedRows[row] * rowBytes), memory.Data + (row * rowBytes), rowBytes, rowBytes);
        }

        return new Parameter(name, shape, dtype, (nint)memory.Data, memory);
    }

    private Parameter StandIn(string name, string problem)
    {
        _problems.Add(problem);
        if (_problems.Count >= MostProblems)
        {
            // Metadata that ask for a billion blocks must not get them.
            Finish();
        }

        return new Parameter(name, [0, 0], DType.Float32, 0, null);
    }

    private GgufTensor? Find(string name)
        => architecture.TensorName(name) is { } stored && file.TryGet(stored, out GgufTensor? tensor) ? tensor : null;
}
