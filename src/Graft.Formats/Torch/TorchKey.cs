using System.Globalization;
using System.Numerics;

namespace Graft.Formats;

/// <summary>
/// Dictionary keys as text that is equal where Python calls the keys equal (1, 1.0 and True are one key). Text because its
/// hash is seeded at random: a file cannot be made to collide.
/// </summary>
internal static class TorchKey
{
    // Longer than any parameter's name; without a limit two bytes of a file could have megabytes hashed.
    private const int MaximumLength = 4096;
    private const int MaximumParts = 64;

    /// <summary>The canonical text of <paramref name="key"/>; false when it is not plain data, a tuple of tuples, or very long.</summary>
    public static bool TryMake(object? key, out string canonical)
    {
        canonical = string.Empty;
        if (key is TorchTuple tuple)
        {
            if (tuple.Items.Count > MaximumParts)
            {
                return false;
            }

            var parts = new List<string>();
            foreach (object? item in tuple.Items)
            {
                if (item is TorchTuple || !TryMake(item, out string part))
                {
                    return false;
                }

                parts.Add($"{part.Length}:{part}");
            }

            canonical = $"tuple {string.Concat(parts)}";
            return true;
        }

        canonical = key switch
        {
            null => "none",
            string text when text.Length <= MaximumLength => $"text {text}",
            bool flag => flag ? "number 1" : "number 0",
            long number => $"number {number}",
            BigInteger number => $"number {number}",
            double number => double.IsInteger(number) ? $"number {new BigInteger(number)}" : $"number {number.ToString("R", CultureInfo.InvariantCulture)}",
            byte[] bytes when bytes.Length <= MaximumLength => $"bytes {Convert.ToHexString(bytes)}",
            _ => string.Empty,
        };
        return canonical.Length > 0;
    }
}
