namespace Graft.Training.Tracking;

/// <summary>A tensor of a TensorBoard event. Its numbers stand in <see cref="Content"/> or in the list of their type.</summary>
/// <param name="DType">TensorFlow's number of the type.</param>
public sealed record SummaryTensor(int DType)
{
    /// <summary>Type of float32.</summary>
    public const int Single = 1;

    /// <summary>Type of float64.</summary>
    public const int Double = 2;

    /// <summary>Type of texts.</summary>
    public const int Text = 7;

    /// <summary>Type of 64-bit integers.</summary>
    public const int Int64 = 9;

    /// <summary>Type of booleans.</summary>
    public const int Boolean = 10;

    private const int BFloat16 = 14;
    private const int Half = 19;

    /// <summary>Sizes; null for a scalar without a shape.</summary>
    public IReadOnlyList<long>? Shape { get; init; }

    /// <summary>The numbers, little-endian.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Numbers of type <see cref="Single"/>.</summary>
    public ReadOnlyMemory<float> Singles { get; init; }

    /// <summary>Numbers of type <see cref="Double"/>.</summary>
    public ReadOnlyMemory<double> Doubles { get; init; }

    /// <summary>Numbers of an integer type, booleans, or the bits of 16-bit floats.</summary>
    public ReadOnlyMemory<long> Integers { get; init; }

    /// <summary>Texts in UTF-8, or other bytes.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Texts { get; init; } = [];

    /// <summary>Field of the list that holds <see cref="Integers"/> of this type.</summary>
    private int IntegersField => DType switch
    {
        Int64 => 10,
        Boolean => 11,
        Half or BFloat16 => 13,
        _ => 7,
    };

    /// <summary>Writes the message's fields.</summary>
    internal void Write(ProtobufWriter writer)
    {
        writer.Integer(1, DType);
        if (Shape is not null)
        {
            writer.Message(2, shape =>
            {
                foreach (long size in Shape)
                {
                    shape.Message(2, dimension => dimension.Integer(1, size));
                }
            });
        }

        writer.Bytes(4, Content.Span);
        writer.Packed(5, Singles.Span);
        writer.Packed(6, Doubles.Span);
        foreach (ReadOnlyMemory<byte> text in Texts)
        {
            writer.Element(8, text.Span);
        }

        writer.Packed(IntegersField, Integers.Span);
    }
}
