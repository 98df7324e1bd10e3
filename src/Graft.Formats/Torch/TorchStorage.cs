using Graft.Tensors;

namespace Graft.Formats;

/// <summary>A torch storage: a run of elements that any number of tensors view.</summary>
/// <param name="Key">Its name in the file.</param>
/// <param name="DType">Type of its elements; null for an UntypedStorage, which counts bytes.</param>
/// <param name="ByteLength">Its whole size.</param>
/// <param name="Data">Its bytes.</param>
internal sealed record TorchStorage(string Key, DType? DType, long ByteLength, TensorData Data);
