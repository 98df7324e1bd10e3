namespace Graft.Formats;

/// <summary>What a pickle may refer to outside itself. Nothing is ever imported or called: the host builds plain values, or refuses.</summary>
internal interface IPickleHost
{
    /// <summary>The value that stands for a Python class, function or constant.</summary>
    /// <exception cref="InvalidDataException">It is not on the list of harmless ones.</exception>
    object Global(string module, string name);

    /// <summary>The outcome of a call.</summary>
    /// <param name="function">What is called; only values that <see cref="Global"/> gave can be.</param>
    /// <param name="arguments">Its arguments.</param>
    object? Call(object? function, TorchTuple arguments);

    /// <summary>The storage behind a persistent id.</summary>
    object Persistent(object? id);
}
