using System.Numerics;

namespace Graft.Formats;

/// <summary>
/// Bounds the work that a pickle asks for by its size. A memo lets two bytes refer to megabytes; hashing or copying those at
/// every mention would take time and memory without end.
/// </summary>
/// <param name="pickleBytes">Size of the pickle, and of what follows it.</param>
internal struct PickleWork(int pickleBytes)
{
    // A name of a hundred characters may be mentioned by five bytes; calls take a few small arguments.
    private const long PerByte = 64;
    private const long Always = 1 << 20;
    private const int DeepestCopied = 3;
    private const long IntegerCost = 2500;

    private long _left = Always + (PerByte * pickleBytes);

    /// <summary>Takes the cost of hashing or copying <paramref name="value"/>; false when too much has been spent.</summary>
    public bool TrySpend(object? value) => TrySpend(value, DeepestCopied);

    private bool TrySpend(object? value, int depth)
    {
        _left -= value switch
        {
            string text => text.Length,
            byte[] bytes => bytes.Length,
            BigInteger => IntegerCost,
            _ => 1,
        };
        IReadOnlyList<object?> items = value switch
        {
            TorchTuple tuple => tuple.Items,
            TorchList list => list.Items,
            _ => [],
        };
        if (depth > 0)
        {
            for (int i = 0; i < items.Count && _left >= 0; i++)
            {
                TrySpend(items[i], depth - 1);
            }
        }

        return _left >= 0;
    }
}
