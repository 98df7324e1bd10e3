using Graft.Formats;

namespace Graft.Fuzzing;

/// <summary>Reads all bytes of a tensor: one outside the file's map would end the process.</summary>
internal static unsafe class Touch
{
    /// <summary>Reads a tensor's bytes.</summary>
    public static void All(TensorEntry tensor) => All(tensor.Data, tensor.ByteLength);

    /// <summary>Reads bytes.</summary>
    /// <param name="data">The first.</param>
    /// <param name="length">How many.</param>
    public static void All(byte* data, long length)
    {
        for (long i = 0; i < length; i++)
        {
            _ = Volatile.Read(ref data[i]);
        }
    }
}
