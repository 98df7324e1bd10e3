using System.Text;
using Graft.Tensors;

namespace Graft.Formats.Tests.Quantization;

/// <summary>Tensors that tests change before they are written and read again.</summary>
internal sealed class TensorTable : Dictionary<string, TensorSource>
{
    public TensorTable(IEnumerable<TensorSource> tensors)
        : base(StringComparer.Ordinal)
    {
        foreach (TensorSource tensor in tensors)
        {
            Add(tensor.Name, tensor);
        }
    }

    public void Put(string name, DType dtype, long[] shape, byte[] bytes) => this[name] = TensorSource.FromBytes(name, dtype, shape, bytes);

    public void Put(string name, params float[] values) => this[name] = TensorSource.FromSingles(name, [values.Length], values);

    public void PutText(string name, string text) => Put(name, DType.UInt8, [Encoding.UTF8.GetByteCount(text)], Encoding.UTF8.GetBytes(text));

    /// <summary>Writes the tensors to a file and opens it.</summary>
    public CheckpointFolder Open(TemporaryFolder folder)
    {
        SafetensorsWriter.Write(folder.File("model.safetensors"), Values);
        return CheckpointFolder.Open(folder.Path);
    }
}
