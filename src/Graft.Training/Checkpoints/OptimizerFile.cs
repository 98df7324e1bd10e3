using Graft.Formats;
using Graft.Tensors;
using Graft.Training.Optimizers;

namespace Graft.Training;

/// <summary><c>optimizer.safetensors</c>: the trained values, every moment and every counter, bit for bit.</summary>
/// <remarks>Hugging Face keeps these in a pickle, <c>optimizer.pt</c>; plain tensors can be read without running anything.</remarks>
internal static unsafe class OptimizerFile
{
    public const string FileName = "optimizer.safetensors";
    private const string Values = "parameters";

    public static void Save(string folder, ParameterUpdate update)
    {
        var tensors = new List<TensorSource> { Flat(Values, update.Buffer.Values, update.Buffer.Count) };
        foreach (OptimizerState state in update.Optimizer.State)
        {
            tensors.Add(TensorSource.FromPointer($"state.{state.Name}", state.DType, [state.Length], state.Data));
        }

        foreach (OptimizerCounter counter in update.Optimizer.Counters)
        {
            byte[] bytes = new byte[counter.Values.Length * sizeof(double)];
            Buffer.BlockCopy(counter.Values, 0, bytes, 0, bytes.Length);
            tensors.Add(TensorSource.FromBytes($"counter.{counter.Name}", DType.Float64, [counter.Values.Length], bytes));
        }

        SafetensorsWriter.Write(Path.Combine(folder, FileName), tensors);
    }

    public static void Load(string folder, ParameterUpdate update)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        Restore(file, Values, update.Buffer.Values, update.Buffer.Count);
        foreach (OptimizerState state in update.Optimizer.State)
        {
            TensorEntry entry = Find(file, $"state.{state.Name}", state.DType, state.Length);
            Buffer.MemoryCopy(entry.Data, state.Data, state.ByteLength, state.ByteLength);
        }

        foreach (OptimizerCounter counter in update.Optimizer.Counters)
        {
            TensorEntry entry = Find(file, $"counter.{counter.Name}", DType.Float64, counter.Values.Length);
            new ReadOnlySpan<double>(entry.Data, counter.Values.Length).CopyTo(counter.Values);
        }
    }

    /// <summary>Only the trained values: for the best model at the end.</summary>
    public static void LoadValues(string folder, ParameterUpdate update)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, FileName));
        Restore(file, Values, update.Buffer.Values, update.Buffer.Count);
    }

    private static TensorSource Flat(string name, float* data, long count) => TensorSource.FromPointer(name, DType.Float32, [count], (byte*)data);

    private static void Restore(SafetensorsFile file, string name, float* destination, long count)
    {
        TensorEntry entry = Find(file, name, DType.Float32, count);
        Buffer.MemoryCopy(entry.Data, destination, count * sizeof(float), count * sizeof(float));
    }

    private static TensorEntry Find(SafetensorsFile file, string name, DType dtype, long count)
        => file.TryGet(name, out TensorEntry? entry) && entry.DType == dtype && entry.ElementCount == count
            ? entry
            : throw new InvalidDataException($"{file.Path}: {name} with {count} elements of {dtype} is expected; the checkpoint belongs to another run or optimizer");
}
