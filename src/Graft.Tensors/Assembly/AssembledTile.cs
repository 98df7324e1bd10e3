using Graft.Tensors.Kernels;

namespace Graft.Tensors.Assembly;

/// <summary>A family of tile kernels: each is assembled when it is first needed, in less than a millisecond, and kept for the process.</summary>
internal sealed unsafe class AssembledTile : ProductTile
{
    private const int NarrowLanes = 8;

    /// <summary>Eight 32-bit masks of ones, then eight of zeros: from 8 - n on lie those of n columns.</summary>
    private static readonly int[] Masks = MakeMasks();

    private readonly Func<TileShape, CallingConvention, TileKernel> _create;
    private readonly nint[] _functions;
    private readonly Lock _gate = new();

    private AssembledTile(int rows, int vectors, Func<TileShape, CallingConvention, TileKernel> create)
        : this(rows, vectors, create(new TileShape(rows, vectors, false), CallingConvention.SystemV), create)
    {
    }

    private AssembledTile(int rows, int vectors, TileKernel largest, Func<TileShape, CallingConvention, TileKernel> create)
        : base(rows, vectors, largest.Lanes, largest.PackedRows, largest.IsRowMajor)
    {
        _create = create;
        _functions = new nint[rows * vectors * 2];
    }

    /// <summary>bf16 with <c>vdpbf16ps</c>.</summary>
    public static AssembledTile BFloat16Dot { get; } = new(WideDotKernel.MaxRows, WideDotKernel.MaxVectors, (shape, convention) => new BFloat16DotKernel(shape, convention));

    /// <summary>bf16 with AVX2 and FMA.</summary>
    public static AssembledTile BFloat16Fma { get; } = new(NarrowTileKernel.MaxRows, NarrowTileKernel.MaxVectors, (shape, convention) => new BFloat16FmaKernel(shape, convention));

    /// <summary>int8 with <c>vpdpbusd</c> on 512 bits.</summary>
    public static AssembledTile Int8Dot { get; } = new(WideDotKernel.MaxRows, WideDotKernel.MaxVectors, (shape, convention) => new Int8DotKernel(shape, convention));

    /// <summary>int8 with <c>vpdpbusd</c> on 256 bits.</summary>
    public static AssembledTile Int8Vex { get; } = new(NarrowTileKernel.MaxRows, NarrowTileKernel.MaxVectors, (shape, convention) => new Int8VexKernel(shape, convention));

    /// <summary>bf16 with <c>tdpbf16ps</c>, by tile registers.</summary>
    public static AssembledTile BFloat16Amx { get; } = new(AmxTileKernel.MaxRows, AmxTileKernel.MaxVectors, (shape, convention) => new AmxBFloat16Kernel(shape, convention));

    /// <summary>int8 with <c>tdpbusd</c>, by tile registers.</summary>
    public static AssembledTile Int8Amx { get; } = new(AmxTileKernel.MaxRows, AmxTileKernel.MaxVectors, (shape, convention) => new AmxInt8Kernel(shape, convention));

    /// <summary>The kernel's text; it need not fit this CPU.</summary>
    public TileKernel Create(TileShape shape, CallingConvention convention) => _create(shape, convention);

    /// <inheritdoc/>
    public override void Run(int rows, int width, ref TileArguments arguments)
    {
        int vectors = (width + Lanes - 1) / Lanes;
        int tail = width % Lanes;
        var shape = new TileShape(rows, vectors, tail != 0);
        int index = ((((rows - 1) * MaxVectors) + vectors - 1) * 2) + (shape.IsMasked ? 1 : 0);
        nint function = Volatile.Read(ref _functions[index]);
        if (function == 0)
        {
            function = Assemble(index, shape);
        }

        fixed (int* masks = Masks)
        fixed (TileArguments* address = &arguments)
        {
            arguments.ColumnBits = (1 << tail) - 1;
            arguments.TailBytes = tail * sizeof(uint);
            arguments.ColumnMask = masks + NarrowLanes - Math.Min(tail, NarrowLanes);
            ((delegate* unmanaged<TileArguments*, void>)function)(address);
        }
    }

    private static int[] MakeMasks()
    {
        int[] masks = GC.AllocateArray<int>(2 * NarrowLanes, pinned: true);
        masks.AsSpan(0, NarrowLanes).Fill(-1);
        return masks;
    }

    private nint Assemble(int index, TileShape shape)
    {
        lock (_gate)
        {
            if (_functions[index] == 0)
            {
                TileKernel kernel = _create(shape, AssembledKernels.Convention);
                byte[] code = kernel.Assemble();
                AssembledKernels.Dump(kernel);
                Volatile.Write(ref _functions[index], ExecutableMemory.Place(code));
            }

            return _functions[index];
        }
    }
}
