using Graft.Formats;
using Graft.Tensors;

namespace Graft.Fuzzing;

/// <summary>safetensors files.</summary>
internal sealed class SafetensorsTarget : IFuzzTarget
{
    public string Name => "safetensors";

    public bool NeedsFile => true;

    public IReadOnlyList<byte[]> Seeds { get; } =
    [
        File(TensorSource.FromSingles("weight", [2, 3], new float[] { 1, 2, 3, 4, 5, 6 }), TensorSource.FromBytes("codes", DType.UInt8, [5], new byte[] { 1, 2, 3, 4, 5 })),
        File(TensorSource.FromSingles("model.layers.0.mlp.down_proj.weight", [4, 2], new float[8]), TensorSource.FromSingles("empty", [0, 3], Array.Empty<float>()), TensorSource.FromSingles("scalar", [], new float[] { 1 })),
        ByHand("""{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}}"""u8, dataBytes: 16),
    ];

    public void Read(byte[] content, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (TensorEntry tensor in file.Tensors)
        {
            Touch.All(tensor);
        }
    }

    private static byte[] ByHand(ReadOnlySpan<byte> header, int dataBytes) => [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[dataBytes]];

    private static byte[] File(params TensorSource[] tensors)
    {
        string path = Path.GetTempFileName();
        try
        {
            SafetensorsWriter.Write(path, tensors);
            return System.IO.File.ReadAllBytes(path);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }
}
