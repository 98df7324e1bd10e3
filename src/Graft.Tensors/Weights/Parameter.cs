namespace Graft.Tensors;

/// <summary>A named weight: where its values lie, in which format, and, while it is trained, where its gradient lies.</summary>
/// <remarks>
/// A frozen parameter keeps the format it was loaded in, usually in a memory map (design D2). A trainable one is fp32 and lies
/// in the flat buffer of a <see cref="ParameterBuffer"/>.
/// </remarks>
public sealed unsafe class Parameter
{
    /// <summary>Describes a weight that lies elsewhere.</summary>
    /// <param name="name">Name as in the checkpoint.</param>
    /// <param name="shape">Dimensions, outermost first.</param>
    /// <param name="dtype">Storage format.</param>
    /// <param name="data">First element.</param>
    /// <param name="owner">Keeps the memory alive.</param>
    public Parameter(string name, int[] shape, DType dtype, nint data, object? owner)
    {
        if (!dtype.IsWeightType())
        {
            throw new NotSupportedException($"parameter {name}: weights stored as {dtype} are not supported; fp32, bf16 and fp16 are");
        }

        Name = name;
        Shape = shape;
        DType = dtype;
        Data = data;
        Owner = owner;
        Count = 1;
        foreach (int dimension in shape)
        {
            Count *= dimension;
        }
    }

    /// <summary>Wraps a quantised weight; it stays frozen.</summary>
    /// <param name="name">Name as in the checkpoint.</param>
    /// <param name="shape">Dimensions, outermost first: the matrix's two, or more that its columns stand for.</param>
    /// <param name="quantized">The matrix.</param>
    public Parameter(string name, int[] shape, QuantizedMatrix quantized)
    {
        Name = name;
        Shape = shape;
        Quantized = quantized;
        DType = quantized.CodeDType;
        Data = new WeightView(quantized).Data;
        Count = (long)quantized.Rows * quantized.Columns;
    }

    /// <summary>A new fp32 parameter of its own memory, all zero.</summary>
    /// <param name="name">Name as in the checkpoint.</param>
    /// <param name="shape">Dimensions, outermost first.</param>
    public static Parameter Create(string name, params int[] shape)
    {
        long count = 1;
        foreach (int dimension in shape)
        {
            count *= dimension;
        }

        var memory = new NativeBuffer(count * sizeof(float));
        return new Parameter(name, shape, DType.Float32, (nint)memory.Data, memory);
    }

    /// <summary>Name as in the checkpoint.</summary>
    public string Name { get; set; }

    /// <summary>Dimensions, outermost first.</summary>
    public int[] Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    /// <summary>Storage format; of a quantised weight that of its codes.</summary>
    public DType DType { get; private set; }

    /// <summary>The quantised matrix that holds the values, or null where they are stored one by one.</summary>
    public QuantizedMatrix? Quantized { get; private set; }

    /// <summary>First element.</summary>
    public nint Data { get; private set; }

    /// <summary>Keeps the memory alive.</summary>
    public object? Owner { get; private set; }

    /// <summary>Whether a gradient is formed for it.</summary>
    public bool RequiresGrad { get; set; }

    /// <summary>The gradient, summed up until the optimizer takes it; null while there is no <see cref="ParameterBuffer"/>.</summary>
    public float* Gradient { get; internal set; }

    /// <summary>Whether gradients should be added to <see cref="Gradient"/> now.</summary>
    public bool WantsGradient => RequiresGrad && Gradient != null;

    /// <summary>The values of an fp32 parameter.</summary>
    /// <exception cref="InvalidOperationException">It is stored in another format.</exception>
    public Span<float> Values => DType == DType.Float32
        ? new Span<float>((void*)Data, checked((int)Count))
        : throw new InvalidOperationException($"parameter {Name} is stored as {DType}");

    /// <summary>First element of an fp32 parameter.</summary>
    public float* Singles => DType == DType.Float32
        ? (float*)Data
        : throw new InvalidOperationException($"parameter {Name} is stored as {DType}");

    /// <summary>As a matrix: the first dimension by all others. A vector is a single row.</summary>
    public WeightView View => Quantized is not null ? new WeightView(Quantized)
        : Shape.Length == 1 ? new WeightView(Data, DType, 1, Shape[0])
        : new WeightView(Data, DType, Shape[0], checked((int)(Count / Math.Max(1, Shape[0]))));

    /// <summary>Copies the values, widened to fp32.</summary>
    /// <param name="destination">At least <see cref="Count"/> floats.</param>
    public void CopyTo(float* destination)
    {
        const int Chunk = 1 << 20;
        WeightView view = View;
        for (long i = 0; i < Count; i += Chunk)
        {
            Kernels.WeightDecoder.Decode(view, i, (int)Math.Min(Chunk, Count - i), destination + i);
        }
    }

    /// <summary>A copy of the values, widened to fp32.</summary>
    public float[] ToArray()
    {
        var values = new float[Count];
        fixed (float* destination = values)
        {
            CopyTo(destination);
        }

        return values;
    }

    /// <summary>Moves the parameter to other memory.</summary>
    /// <param name="data">First element there, already filled.</param>
    /// <param name="dtype">Storage format there.</param>
    /// <param name="owner">Keeps that memory alive.</param>
    public void MoveTo(nint data, DType dtype, object? owner)
    {
        Data = data;
        DType = dtype;
        Owner = owner;
        Quantized = null;
    }
}
