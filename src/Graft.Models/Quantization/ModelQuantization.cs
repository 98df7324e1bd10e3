using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Models;

/// <summary>Quantises the linear layers of a model, and takes it back.</summary>
public static class ModelQuantization
{
    /// <summary>Quantises the layers that <paramref name="config"/> does not skip; everything else stays as it is.</summary>
    /// <remarks>
    /// A weight is read from where it lies, usually the memory map, some rows at a time: the model is never in memory in full
    /// precision. GPT-2's matrices are transposed first, as in Transformers.
    /// </remarks>
    /// <param name="model">The model, without adapters.</param>
    /// <param name="config">How.</param>
    /// <param name="dtype">What all weights are taken as (<c>dtype</c>, once <c>torch_dtype</c>): rounded or widened to it first; null for what each is stored as.</param>
    /// <exception cref="ArgumentException">The configuration is impossible, or the model is quantised already.</exception>
    /// <exception cref="InvalidDataException">A weight holds values that cannot be quantised; the message names it.</exception>
    public static void Quantize(LanguageModel model, QuantizationConfig config, DType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        if (model.NamedWeights().FirstOrDefault(weight => weight.Slot.Original.Quantized is not null) is { Slot: not null } quantized)
        {
            throw new ArgumentException($"{quantized.Name} is stored as {quantized.Slot.Original.Quantized!.Format} already: a quantised model cannot be quantised again");
        }

        var skipped = new SkippedModules(model.Config.ModelType, config.LlmInt8SkipModules, model.Head.Name);
        List<Linear> layers = [.. model.NamedModules().OfType<Linear>().Where(layer
            => !ReferenceEquals(layer.Weight.Original, model.InputEmbedding.Weight.Original) && !skipped.Contains(layer.Name))];
        ReadOnce.ForEach(model.MappedFiles, layers, layer => layer.Weight.Original, layer => Quantize(layer, config, dtype));

        if (dtype is { } other)
        {
            Convert(model, other);
        }

        model.Quantization = config;
    }

    /// <summary>Stores all weights that are not quantised in another plain format.</summary>
    /// <param name="model">The model.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    public static void Convert(LanguageModel model, DType dtype)
    {
        ArgumentNullException.ThrowIfNull(model);
        List<Parameter> weights = [.. model.DistinctWeights().Select(weight => weight.Slot.Original).Where(weight => weight.Quantized is null && weight.DType != dtype)];
        ReadOnce.ForEach(model.MappedFiles, weights, weight => weight, weight => MatrixValues.Convert(weight, dtype));
    }

    /// <summary>Decodes all quantised weights, so that the model can be trained or merged in full precision.</summary>
    /// <param name="model">The model, without adapters that are merged.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    public static void Dequantize(LanguageModel model, DType dtype = DType.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        var decoded = new Dictionary<Parameter, Parameter>(ReferenceEqualityComparer.Instance);
        foreach ((_, WeightSlot slot) in model.NamedWeights())
        {
            if (slot.Original.Quantized is not null)
            {
                slot.Original = decoded.TryGetValue(slot.Original, out Parameter? shared) ? shared : decoded[slot.Original] = Dequantize(slot.Original, dtype);
            }
        }

        model.Quantization = null;
    }

    /// <summary>A plain copy of a quantised weight, with the values that its format stands for.</summary>
    /// <param name="weight">The weight.</param>
    /// <param name="dtype">fp32, bf16 or fp16.</param>
    public static unsafe Parameter Dequantize(Parameter weight, DType dtype)
    {
        ArgumentNullException.ThrowIfNull(weight);
        QuantizedMatrix matrix = weight.Quantized ?? throw new ArgumentException($"{weight.Name} is not quantised", nameof(weight));
        var memory = new NativeBuffer(weight.Count * dtype.SizeInBytes());
        var row = new float[matrix.Columns];
        fixed (float* values = row)
        {
            for (int i = 0; i < matrix.Rows; i++)
            {
                MatrixValues.Read(matrix, i, values);
                MatrixValues.Store(row, dtype, memory.Data + ((long)i * matrix.Columns * dtype.SizeInBytes()));
            }
        }

        return new Parameter(weight.Name, weight.Shape, dtype, (nint)memory.Data, memory);
    }

    /// <summary>Quantises a plain weight as another one was.</summary>
    /// <param name="weight">The new values.</param>
    /// <param name="like">What they take the place of; its format and settings are kept.</param>
    /// <returns>The weight itself where its format cannot be written, such as most of GGUF's.</returns>
    public static Parameter QuantizeLike(Parameter weight, QuantizedMatrix like)
    {
        ArgumentNullException.ThrowIfNull(weight);
        return like switch
        {
            FourBitMatrix four => new Parameter(weight.Name, weight.Shape, WithComputeDType(FourBitQuantizer.Quantize(weight.View, four.Type, four.BlockSize, four.Scales.IsNested), four.ComputeDType)),
            Int8Matrix eight => new Parameter(weight.Name, weight.Shape, Int8Quantizer.Quantize(weight.View, eight.Threshold)),
            _ => weight,
        };
    }

    private static void Quantize(Linear layer, QuantizationConfig config, DType? dtype)
    {
        Parameter source = layer.Layout == LinearLayout.OutIn ? layer.Weight.Original : MatrixValues.Transpose(layer.Weight.Original);
        QuantizedMatrix matrix;
        try
        {
            matrix = config.LoadIn4Bit
                ? WithComputeDType(FourBitQuantizer.Quantize(source.View, config.Bnb4BitQuantType, config.Bnb4BitBlockSize, config.Bnb4BitUseDoubleQuant, dtype), config.Bnb4BitComputeDType)
                : Int8Quantizer.Quantize(source.View, (float)config.LlmInt8Threshold);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{layer.Name}.weight: {e.Message}", e);
        }

        layer.Replace(new Parameter(source.Name, [matrix.Rows, matrix.Columns], matrix), LinearLayout.OutIn);
    }

    private static unsafe FourBitMatrix WithComputeDType(FourBitMatrix matrix, DType dtype) => dtype == matrix.ComputeDType
        ? matrix
        : new FourBitMatrix(matrix.Rows, matrix.Columns, matrix.Type, matrix.BlockSize, matrix.ValueDType, matrix.Packed, matrix.Scales, matrix) { ComputeDType = dtype };
}
