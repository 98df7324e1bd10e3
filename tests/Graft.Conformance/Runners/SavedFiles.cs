using Graft.Formats;

namespace Graft.Conformance;

/// <summary>Compares weight files.</summary>
internal static class SavedFiles
{
    /// <summary>The same names in the same order, with the same dtypes, shapes and bytes.</summary>
    public static unsafe void CheckSameTensors(string expected, string actual)
    {
        using SafetensorsFile wanted = SafetensorsFile.Open(expected);
        using SafetensorsFile got = SafetensorsFile.Open(actual);
        Check.Equal("names in the file", [.. wanted.Tensors.Select(tensor => $"{tensor.Name} {tensor.DType}")], [.. got.Tensors.Select(tensor => $"{tensor.Name} {tensor.DType}")]);
        for (int i = 0; i < wanted.Tensors.Count; i++)
        {
            TensorEntry a = wanted.Tensors[i];
            TensorEntry b = got.Tensors[i];
            Check.Equal($"shape of {a.Name}", a.Shape, b.Shape);
            if (!new ReadOnlySpan<byte>(a.Data, (int)a.ByteLength).SequenceEqual(new ReadOnlySpan<byte>(b.Data, (int)b.ByteLength)))
            {
                throw new MismatchException($"{a.Name} was saved with other bytes than it was loaded with");
            }
        }
    }
}
