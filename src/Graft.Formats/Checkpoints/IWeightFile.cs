using System.Diagnostics.CodeAnalysis;

namespace Graft.Formats;

/// <summary>An open file of named tensors, of whichever format.</summary>
internal interface IWeightFile : IDisposable
{
    /// <summary>All tensors, in the order of the file.</summary>
    IReadOnlyList<TensorEntry> Tensors { get; }

    /// <summary>Free strings that the format keeps beside the tensors.</summary>
    IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The pages of its map.</summary>
    FilePages Pages { get; }

    /// <summary>Finds a tensor by name.</summary>
    bool TryGet(string name, [MaybeNullWhen(false)] out TensorEntry entry);
}
