using Graft.Text.Characters;

namespace Graft.Text.Decoders;

/// <summary><c>ByteLevel</c>: stand-ins back to bytes, bytes to text; each maximal invalid part becomes one U+FFFD.</summary>
internal sealed class ByteLevelDecoder : IDecoder
{
    /// <inheritdoc/>
    public List<string> Decode(List<string> tokens)
    {
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            AppendBytes(token, bytes);
        }

        return [System.Text.Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes))];
    }

    /// <summary>The bytes of a token. One that is not made of stand-ins throughout counts as plain text.</summary>
    internal static void AppendBytes(string token, List<byte> bytes)
    {
        foreach (char unit in token)
        {
            if (ByteLevelAlphabet.ByteOf(unit) < 0)
            {
                bytes.AddRange(System.Text.Encoding.UTF8.GetBytes(token));
                return;
            }
        }

        foreach (char unit in token)
        {
            bytes.Add((byte)ByteLevelAlphabet.ByteOf(unit));
        }
    }
}
