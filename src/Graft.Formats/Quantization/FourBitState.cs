using System.Text;
using System.Text.Json;
using Graft.Tensors;

namespace Graft.Formats;

/// <summary>bitsandbytes' description of a 4-bit weight: the JSON text whose bytes are the tensor <c>quant_state.bitsandbytes__nf4</c> (or fp4).</summary>
/// <param name="Type">What codes stand for.</param>
/// <param name="BlockSize">Elements that share a scale.</param>
/// <param name="DType">fp32, bf16 or fp16: the type before quantisation.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="NestedOffset">Added to every quantised scale; null where scales are not quantised.</param>
public sealed record FourBitState(FourBitType Type, int BlockSize, DType DType, IReadOnlyList<int> Shape, float? NestedOffset)
{
    private const int MaximumLength = 4096;

    /// <summary>What follows a weight's name in the key of this tensor.</summary>
    /// <param name="type">What codes stand for.</param>
    public static string KeySuffix(FourBitType type) => $".quant_state.bitsandbytes__{Name(type)}";

    /// <summary>Reads the text.</summary>
    /// <param name="entry">The tensor: bytes.</param>
    /// <exception cref="InvalidDataException">A field is missing or unknown; the message names it, the tensor and the file.</exception>
    public static unsafe FourBitState Read(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (entry.DType != DType.UInt8 || entry.ByteLength > MaximumLength)
        {
            throw Invalid(entry, $"it must be up to {MaximumLength} bytes of text, but is {entry.DType} with {entry.ByteLength} bytes");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteLength).ToArray());
            return Read(document.RootElement, entry);
        }
        catch (JsonException e)
        {
            throw Invalid(entry, $"it is not JSON: {e.Message}");
        }
    }

    /// <summary>The text, byte for byte as bitsandbytes writes it.</summary>
    public string ToJson()
    {
        var text = new StringBuilder("{\"quant_type\": \"").Append(Name(Type)).Append("\", \"blocksize\": ").Append(BlockSize)
            .Append(", \"dtype\": \"").Append(TorchName(DType)).Append("\", \"shape\": [").AppendJoin(", ", Shape).Append(']');
        if (NestedOffset is float offset)
        {
            text.Append(", \"nested_blocksize\": ").Append(BlockScales.NestedBlockSize).Append(", \"nested_dtype\": \"float32\", \"nested_offset\": ").Append(PythonNumber.Float(offset));
        }

        return text.Append('}').ToString();
    }

    private static FourBitState Read(JsonElement root, TensorEntry entry)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(entry, "it is not a JSON object");
        }

        string quantType = Field(root, entry, "quant_type", JsonValueKind.String).GetString()!;
        string dtype = Field(root, entry, "dtype", JsonValueKind.String).GetString()!;
        float? offset = null;
        if (root.TryGetProperty("nested_blocksize", out JsonElement _))
        {
            int nested = Integer(Field(root, entry, "nested_blocksize", JsonValueKind.Number), entry, "nested_blocksize");
            if (nested != BlockScales.NestedBlockSize)
            {
                throw Invalid(entry, $"nested_blocksize is {nested}; only {BlockScales.NestedBlockSize} is known");
            }

            offset = (float)Field(root, entry, "nested_offset", JsonValueKind.Number).GetDouble();
            if (!float.IsFinite(offset.Value))
            {
                throw Invalid(entry, "nested_offset is not a finite number");
            }
        }

        return new FourBitState(
            quantType switch
            {
                "nf4" => FourBitType.NF4,
                "fp4" => FourBitType.FP4,
                _ => throw Invalid(entry, $"quant_type '{quantType}' is unknown; nf4 and fp4 are known"),
            },
            Integer(Field(root, entry, "blocksize", JsonValueKind.Number), entry, "blocksize"),
            dtype switch
            {
                "float32" => DType.Float32,
                "bfloat16" => DType.BFloat16,
                "float16" => DType.Float16,
                _ => throw Invalid(entry, $"dtype '{dtype}' is unknown; float32, bfloat16 and float16 are known"),
            },
            [.. Field(root, entry, "shape", JsonValueKind.Array).EnumerateArray().Select(size => Integer(size, entry, "shape"))],
            offset);
    }

    private static JsonElement Field(JsonElement root, TensorEntry entry, string name, JsonValueKind kind)
        => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == kind
            ? value
            : throw Invalid(entry, $"{name} must be there and be of kind {kind}");

    private static int Integer(JsonElement value, TensorEntry entry, string name)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw Invalid(entry, $"{name} must hold sizes, found {value.GetRawText()}");

    private static InvalidDataException Invalid(TensorEntry entry, string what)
        => new($"'{entry.FilePath}', tensor '{entry.Name}': {what}. The quantised checkpoint is damaged, or of a library that Graft does not know.");

    private static string Name(FourBitType type) => type == FourBitType.NF4 ? "nf4" : "fp4";

    private static string TorchName(DType dtype) => dtype switch
    {
        DType.Float32 => "float32",
        DType.BFloat16 => "bfloat16",
        _ => "float16",
    };
}
