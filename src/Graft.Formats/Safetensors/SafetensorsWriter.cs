using System.Buffers.Binary;

namespace Graft.Formats;

/// <summary>Writes safetensors files, byte for byte laid out as the format's own library does, and atomically.</summary>
/// <remarks>
/// Tensors are ordered by dtype (wide ones first, so that all are aligned), then by name; the header is padded with spaces
/// to a multiple of 8 bytes.
/// </remarks>
public static class SafetensorsWriter
{
    /// <summary>The metadata that transformers asks for: <c>format: pt</c>.</summary>
    public static IReadOnlyDictionary<string, string> DefaultMetadata { get; } = new Dictionary<string, string> { ["format"] = "pt" }.AsReadOnly();

    /// <summary>Writes a file. Tensors are produced one after the other, so the model need not fit in memory.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">The tensors, in any order; names must be unique.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; null means <see cref="DefaultMetadata"/>, empty leaves it out.</param>
    /// <exception cref="IOException">The file could not be written; what was there is untouched.</exception>
    /// <exception cref="ArgumentException">A name occurs twice, is reserved or is not valid text, or a tensor produced another number of bytes than announced.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        TensorSource[] ordered = [.. tensors];
        Array.Sort(ordered, CompareLayout);
        CheckNames(ordered);
        byte[] header = Header(ordered, metadata ?? DefaultMetadata);
        long total = ordered.Aggregate((long)header.Length, (sum, tensor) => checked(sum + tensor.ByteLength));
        AtomicFile.Write(path, stream => WriteAll(stream, header, ordered), total);
    }

    private static int CompareLayout(TensorSource a, TensorSource b)
    {
        int byDType = SafetensorsDTypes.Rank(b.DType).CompareTo(SafetensorsDTypes.Rank(a.DType));
        return byDType != 0 ? byDType : CompareUtf8(a.Name, b.Name);
    }

    // The order of UTF-8 bytes is the order of code points; that of UTF-16 units is not, once surrogates are involved.
    private static int CompareUtf8(string a, string b)
    {
        int i = 0;
        while (i < a.Length && i < b.Length && a[i] == b[i])
        {
            i++;
        }

        if (i == a.Length || i == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        return char.IsSurrogate(a[i]) == char.IsSurrogate(b[i]) ? a[i].CompareTo(b[i]) : char.IsSurrogate(a[i]) ? 1 : -1;
    }

    private static void CheckNames(TensorSource[] tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorSource tensor in tensors)
        {
            if (tensor.Name == "__metadata__")
            {
                throw new ArgumentException("A tensor cannot be named '__metadata__': safetensors reserves that name.");
            }

            if (!names.Add(tensor.Name))
            {
                throw new ArgumentException($"Two tensors are named '{tensor.Name}'; names in a safetensors file must be unique.");
            }
        }
    }

    private static byte[] Header(TensorSource[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[sizeof(ulong)]);
        var json = new HeaderText(buffer);
        json.Raw("{");
        if (metadata.Count > 0)
        {
            json.Raw("\"__metadata__\":{");
            string separator = string.Empty;
            foreach ((string key, string value) in metadata)
            {
                json.Raw(separator).String(key).Raw(":").String(value);
                separator = ",";
            }

            json.Raw("}");
        }

        long begin = 0;
        foreach (TensorSource tensor in tensors)
        {
            long end = begin + tensor.ByteLength;
            json.Raw(buffer.Length > sizeof(ulong) + 1 ? "," : string.Empty).String(tensor.Name);
            json.Raw($":{{\"dtype\":\"{SafetensorsDTypes.NameOf(tensor.DType)}\",\"shape\":[{string.Join(',', tensor.Shape)}],\"data_offsets\":[{begin},{end}]}}");
            begin = end;
        }

        json.Raw("}");
        return Finish(buffer);
    }

    private static byte[] Finish(MemoryStream buffer)
    {
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        long length = buffer.Length - sizeof(ulong);
        if (length > SafetensorsFile.MaximumHeaderLength)
        {
            throw new ArgumentException($"The header would have {length} bytes, more than the {SafetensorsFile.MaximumHeaderLength} that safetensors allows; write several files.");
        }

        byte[] bytes = buffer.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)length);
        return bytes;
    }

    private static void WriteAll(Stream stream, byte[] header, TensorSource[] tensors)
    {
        stream.Write(header);
        foreach (TensorSource tensor in tensors)
        {
            tensor.WriteTo(stream);
        }
    }
}
