using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <content>Weights that bitsandbytes has quantised, read where they lie.</content>
public sealed unsafe partial class CheckpointWeights
{
    private const string WeightSuffix = ".weight";

    private readonly QuantizationConfig? _quantization;

    /// <inheritdoc/>
    /// <remarks>Quantised matrices are [out, in], those of GPT-2 too.</remarks>
    public override LinearLayout LayoutOf(string name, LinearLayout usual) => IsQuantized(name) ? LinearLayout.OutIn : usual;

    private bool IsQuantized(string name)
        => _quantization is not null && (FourBitCheckpoint.Contains(_byName, name) || Int8Checkpoint.Contains(_byName, ModuleOf(name)));

    private Parameter TakeQuantized(string name, int[] shape)
    {
        QuantizedMatrix matrix;
        IEnumerable<string> companions;
        if (FourBitCheckpoint.Contains(_byName, name))
        {
            matrix = FourBitCheckpoint.Read(_byName, name, _folder, _quantization!.Bnb4BitComputeDType);
            companions = FourBitCheckpoint.Companions(name);
        }
        else
        {
            matrix = Int8Checkpoint.Read(_byName, ModuleOf(name), _folder, (float)_quantization!.LlmInt8Threshold);
            companions = Int8Checkpoint.Companions(ModuleOf(name));
        }

        _taken.Add(name);
        _taken.UnionWith(companions);
        if (matrix.Rows != shape[0] || matrix.Columns != shape[1])
        {
            return StandIn(name, $"wrong shape: {name} is [{matrix.Rows}, {matrix.Columns}] in {matrix.Format}, config.json asks for {Shape(shape)}");
        }

        return new Parameter(name, shape, matrix);
    }

    private static string ModuleOf(string name) => name.EndsWith(WeightSuffix, StringComparison.Ordinal) ? name[..^WeightSuffix.Length] : name;
}
