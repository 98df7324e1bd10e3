using System.Runtime.InteropServices;
using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;
using Iced.Intel;
using CallingConvention = Graft.Tensors.Assembly.CallingConvention;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Operands of one call of a tile kernel, in memory that ends where they end, with what C must be afterwards by the scalar definition.</summary>
internal sealed unsafe class TileCase : IDisposable
{
    private const uint Mark = 0x7FC0BEEF;
    private const int Guard = 40;

    private readonly int _rows, _width, _groups, _panels, _stride, _tileWidth, _packedRows, _lanes;
    private readonly bool _accumulate, _isRowMajor;
    private readonly uint* _a, _b, _start;
    private readonly uint[] _c, _expected;

    public TileCase(ProductTile tile, int rows, int width, int groups, int panels, bool accumulate, bool isInteger, Random random)
    {
        (_rows, _width, _groups, _panels, _accumulate, _packedRows, _lanes, _isRowMajor) = (rows, width, groups, panels, accumulate, tile.PackedRows, tile.Lanes, tile.IsRowMajor);
        _tileWidth = (width + _lanes - 1) / _lanes * _lanes;
        _stride = width + random.Next(5);
        _a = Units((long)panels * groups * _packedRows, isInteger, random);
        _b = Units((long)groups * _tileWidth, isInteger, random);
        _start = Units(_tileWidth, isInteger: true, random);
        _c = new uint[(2 * Guard) + (rows * panels * _stride)];
        _c.AsSpan().Fill(Mark);
        for (int i = 0; i < rows * panels; i++)
        {
            for (int j = 0; j < width; j++)
            {
                _c[Guard + (i * _stride) + j] = isInteger ? (uint)random.Next() : BitConverter.SingleToUInt32Bits((random.NextSingle() * 4) - 2);
            }
        }

        _expected = [.. _c];
        for (int i = 0; i < rows * panels; i++)
        {
            for (int j = 0; j < width; j++)
            {
                ref uint element = ref _expected[Guard + (i * _stride) + j];
                element = isInteger ? Integer(i, j, element) : BFloat16(i, j, element);
            }
        }
    }

    /// <summary>Runs emitted bytes on the emulated CPU, and checks what they leave behind.</summary>
    public EmulatedCpu Emulate(byte[] code, CallingConvention convention, string what)
    {
        var cpu = new EmulatedCpu(code);
        ulong[] general = new ulong[16];
        byte[] vectors = new byte[16 * EmulatedCpu.VectorBytes];
        var stack = new byte[4096];
        fixed (uint* c = _c, bits = new uint[16])
        {
            int tail = _width % _lanes;
            new Span<uint>(bits, tail).Fill(uint.MaxValue);

            TileArguments arguments = Arguments(c);
            arguments.ColumnBits = (1 << tail) - 1;
            arguments.ColumnMask = (int*)bits;
            arguments.TailBytes = tail * sizeof(uint);
            for (int panel = 0; panel < _panels; panel++)
            {
                int units = _groups * _packedRows;
                cpu.Allow(_a + (panel * units), (_isRowMajor ? _rows * _groups : units) * sizeof(uint), writes: false, $"panel {panel} of A");
            }

            cpu.Allow(_b, (long)_groups * _tileWidth * sizeof(uint), writes: false, "B");
            cpu.Allow(_start, _tileWidth * sizeof(uint), writes: false, "start");
            cpu.Allow(bits, 8 * sizeof(uint), writes: false, "column mask");
            cpu.Allow(&arguments, sizeof(TileArguments), writes: true, "arguments");
            for (int i = 0; i < _rows * _panels; i++)
            {
                cpu.Allow((byte*)arguments.C + (i * arguments.RowBytes), _width * sizeof(uint), writes: true, $"row {i} of C");
            }

            cpu[convention == CallingConvention.Windows ? Register.RCX : Register.RDI] = (ulong)&arguments;
            for (int i = 0; i < general.Length; i++)
            {
                general[i] = cpu[Register.RAX + i];
            }

            for (int i = 0; i < 16; i++)
            {
                cpu.Vector(i).CopyTo(vectors.AsSpan(i * EmulatedCpu.VectorBytes));
            }

            cpu.Call(stack);
        }

        AssertResult(what);
        Register[] kept = [Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15, .. convention == CallingConvention.Windows ? [Register.RSI, Register.RDI] : Array.Empty<Register>()];
        foreach (Register register in kept)
        {
            Assert.True(cpu[register] == general[register - Register.RAX], $"{what}: {register} is not as it was");
        }

        for (int i = 6; i < 16 && convention == CallingConvention.Windows; i++)
        {
            Assert.True(cpu.Vector(i)[..16].SequenceEqual(vectors.AsSpan(i * EmulatedCpu.VectorBytes, 16)), $"{what}: xmm{i} is not as it was");
        }

        Assert.True(cpu.State == 0x1F80, $"{what}: MXCSR is not as it was");
        return cpu;
    }

    /// <summary>Runs a tile as products do.</summary>
    public void Run(ProductTile tile, string what)
    {
        fixed (uint* c = _c)
        {
            TileArguments arguments = Arguments(c);
            tile.Run(_rows, _width, ref arguments);
        }

        AssertResult(what);
    }

    public void Dispose()
    {
        NativeMemory.Free(_a);
        NativeMemory.Free(_b);
        NativeMemory.Free(_start);
    }

    private TileArguments Arguments(uint* c) => new()
    {
        A = _a,
        B = _b,
        C = c + Guard,
        RowBytes = _stride * sizeof(uint),
        Groups = _groups,
        Panels = _panels,
        Prefetch = 0x1234_5678,
        PrefetchStep = 64,
        PrefetchJump = 4096,
        Accumulate = _accumulate ? 1 : 0,
        Start = (int*)_start,
    };

    private void AssertResult(string what)
    {
        if (_c.AsSpan().SequenceEqual(_expected))
        {
            return;
        }

        int at = _c.AsSpan().CommonPrefixLength(_expected) - Guard;
        Assert.Fail($"{what}: row {at / _stride}, column {at % _stride} of {_rows * _panels}x{_width} is {_c[at + Guard]:x8}, expected {_expected[at + Guard]:x8}");
    }

    private uint Integer(int row, int column, uint c)
    {
        long sum = _accumulate ? (int)c : (int)_start[column];
        for (int p = 0; p < _groups; p++)
        {
            for (int i = 0; i < 4; i++)
            {
                sum += (byte)(A(row, p) >> (8 * i)) * (sbyte)(_b[(p * _tileWidth) + column] >> (8 * i));
            }
        }

        return (uint)sum;
    }

    private uint BFloat16(int row, int column, uint c)
    {
        if (_isRowMajor)
        {
            float start = _accumulate ? BitConverter.UInt32BitsToSingle(c) : 0;
            return BitConverter.SingleToUInt32Bits(BFloat16TileDot.Add(_a + IndexOfA(row, 0), 1, _b + column, _tileWidth, _groups, start));
        }

        float sum = 0;
        for (int p = 0; p < _groups; p++)
        {
            sum = BFloat16Dot.Add(A(row, p), _b[(p * _tileWidth) + column], sum);
        }

        return BitConverter.SingleToUInt32Bits(_accumulate ? BitConverter.UInt32BitsToSingle(c) + sum : sum);
    }

    private uint A(int row, int group) => _a[IndexOfA(row, group)];

    private int IndexOfA(int row, int group)
        => (row / _rows * _groups * _packedRows) + (_isRowMajor ? (row % _rows * _groups) + group : (group * _packedRows) + (row % _rows));

    private static uint* Units(long count, bool isInteger, Random random)
    {
        var units = (uint*)NativeMemory.Alloc((nuint)count, sizeof(uint));
        for (long i = 0; i < count; i++)
        {
            units[i] = isInteger ? (uint)random.NextInt64(1L << 32) : Half(random) | (Half(random) << 16);
        }

        return units;
    }

    /// <summary>A bf16: mostly of usual size, sometimes so small that products or the number itself are subnormal.</summary>
    private static uint Half(Random random)
    {
        uint sign = (uint)random.Next(2) << 15, fraction = (uint)random.Next(128);
        return random.Next(16) switch
        {
            0 => sign,
            1 => sign | fraction,
            2 => sign | ((uint)random.Next(60, 66) << 7) | fraction,
            _ => sign | ((uint)random.Next(120, 129) << 7) | fraction,
        };
    }
}
