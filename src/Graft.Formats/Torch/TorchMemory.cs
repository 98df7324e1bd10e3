namespace Graft.Formats;

/// <summary>The memory that a torch file needs beside its map: inflated records and copies of views. Bounded by the file's size.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="fileLength">Its bytes.</param>
internal sealed class TorchMemory(string path, long fileLength) : IDisposable
{
    // Room for the small tensors that torch stores expanded (masks, positions), and for transposed weights.
    private const long AllowedAlways = 64L << 20;
    private const long AllowedPerByte = 4;

    private readonly List<OwnedTensorData> _owned = [];
    private long _planned;

    /// <summary>Registers data that will take <paramref name="bytes"/> when first used.</summary>
    /// <exception cref="InvalidDataException">All together they would take far more than the file.</exception>
    public TensorData Add(OwnedTensorData data, long bytes, string what)
    {
        long allowed = AllowedAlways + (AllowedPerByte * fileLength);
        if (bytes > allowed - _planned)
        {
            throw new InvalidDataException(
                $"'{path}': {what} would take over {allowed} bytes of memory, although the file has {fileLength}. If you trust it, load it in torch, call contiguous() on its tensors and save it as safetensors.");
        }

        _planned += bytes;
        _owned.Add(data);
        return data;
    }

    /// <summary>Frees everything.</summary>
    public void Dispose() => _owned.ForEach(data => data.Dispose());
}
