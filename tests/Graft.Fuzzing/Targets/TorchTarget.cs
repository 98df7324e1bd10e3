using Graft.Formats;
using Graft.Formats.Tests;

namespace Graft.Fuzzing;

/// <summary>Files of <c>torch.save</c>, zip archives and the older kind.</summary>
internal sealed class TorchTarget : IFuzzTarget
{
    public string Name => "bin";

    public bool NeedsFile => true;

    public IReadOnlyList<byte[]> Seeds { get; } = [TorchBytes.StateDict(legacy: false), TorchBytes.StateDict(legacy: true)];

    public void Read(byte[] content, string path)
    {
        using TorchFile file = TorchFile.Open(path);
        foreach (TensorEntry tensor in file.Tensors)
        {
            Touch.All(tensor);
        }
    }
}
