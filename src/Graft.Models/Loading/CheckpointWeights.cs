using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>Weights of a Hugging Face folder, used where they lie in the memory map.</summary>
public sealed unsafe partial class CheckpointWeights : WeightSource
{
    private const int MostProblems = 10_000;

    private readonly CheckpointFolder _folder;
    private readonly string _where;
    private readonly Dictionary<string, TensorEntry> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];

    /// <summary>Opens nothing: maps names.</summary>
    /// <param name="folder">The opened weights; stays open as long as the model lives.</param>
    /// <param name="where">The folder's path, for errors.</param>
    /// <param name="canonicalName">Today's name for a key of the file; null for a buffer that old checkpoints carry and nobody needs.</param>
    /// <param name="quantization">How the weights are quantised; null where they are not.</param>
    public CheckpointWeights(CheckpointFolder folder, string where, Func<string, string?> canonicalName, QuantizationConfig? quantization = null)
    {
        _quantization = quantization;
        _folder = folder;
        _where = where;
        foreach ((string key, TensorEntry entry) in folder.Tensors)
        {
            if (canonicalName(key) is { } name && !_byName.TryAdd(name, entry))
            {
                throw new InvalidDataException($"{where}: two tensors are called {name} ({key} and {_byName[name].Name})");
            }
        }
    }

    /// <inheritdoc/>
    public override bool Has(string name) => _byName.ContainsKey(name);

    /// <inheritdoc/>
    public override Parameter Take(string name, WeightRole role, int[] shape)
    {
        if (IsQuantized(name))
        {
            return TakeQuantized(name, shape);
        }

        string key = name;
        if (!_byName.TryGetValue(key, out TensorEntry? entry))
        {
            // A tied model may be saved with its head only.
            key = "lm_head.weight";
            if (role != WeightRole.Embedding || !_byName.TryGetValue(key, out entry))
            {
                return StandIn(name, $"missing: {name} {Shape(shape)}");
            }
        }

        _taken.Add(key);
        if (!entry.Shape.SequenceEqual(shape.Select(dimension => (long)dimension)))
        {
            return StandIn(name, $"wrong shape: {name} is {Shape(entry.Shape)} in the file, config.json asks for {Shape(shape)}");
        }

        return new Parameter(name, shape, entry.DType, (nint)entry.Data, _folder);
    }

    /// <inheritdoc/>
    public override bool AreEqual(string first, string second)
    {
        TensorEntry a = _byName[first];
        TensorEntry b = _byName[second];
        if (a.DType != b.DType || a.ByteLength != b.ByteLength)
        {
            return false;
        }

        const int Chunk = 1 << 24;
        for (long i = 0; i < a.ByteLength; i += Chunk)
        {
            int count = (int)Math.Min(Chunk, a.ByteLength - i);
            if (!new ReadOnlySpan<byte>(a.Data + i, count).SequenceEqual(new ReadOnlySpan<byte>(b.Data + i, count)))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override void Finish()
    {
        foreach (string name in _byName.Keys)
        {
            if (!_taken.Contains(name))
            {
                _problems.Add($"unexpected: {name} {Shape(_byName[name].Shape)} is not part of the model that config.json describes");
            }
        }

        if (_problems.Count > 0)
        {
            throw WeightMismatch.Error($"{_where}: the weights do not fit config.json", _problems);
        }
    }

    private Parameter StandIn(string name, string problem)
    {
        _problems.Add(problem);
        if (_problems.Count >= MostProblems)
        {
            // A config that asks for a billion blocks must not get them.
            Finish();
        }

        return new Parameter(name, [0, 0], DType.Float32, 0, null);
    }

    private static string Shape<T>(IEnumerable<T> dimensions) => $"[{string.Join(", ", dimensions)}]";
}
