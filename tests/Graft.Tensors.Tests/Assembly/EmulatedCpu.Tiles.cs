using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Graft.Tensors.Kernels;
using Iced.Intel;

namespace Graft.Tensors.Tests.Assembly;

/// <content>Tile registers (AMX), with the faults of Intel's manual: shapes that are none, or that do not fit each other, and tiles before they have a shape.</content>
internal sealed unsafe partial class EmulatedCpu
{
    private const int Tiles = 8;
    private const int TileRows = 16;
    private const int TileRowBytes = 64;
    private const int ShapeBytes = 64;
    private const int RowBytesAt = 16;
    private const int RowsAt = 48;

    private readonly byte[] _tiles = new byte[Tiles * TileRows * TileRowBytes];
    private readonly (int Rows, int RowBytes)[] _shapes = new (int, int)[Tiles];
    private bool _isConfigured;

    private bool TryExecuteTile(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Ldtilecfg: Configure(instruction); return true;
            case Mnemonic.Tilerelease: Release(); return true;
            case Mnemonic.Tilezero: Valid(instruction, 0); Tile(instruction.Op0Register).Clear(); return true;
            case Mnemonic.Tileloadd: LoadTile(instruction); return true;
            case Mnemonic.Tilestored: StoreTile(instruction); return true;
            case Mnemonic.Tdpbf16ps: BFloat16Products(instruction); return true;
            case Mnemonic.Tdpbusd: ByteProducts(instruction); return true;
            default: return false;
        }
    }

    private void Release()
    {
        _isConfigured = false;
        Array.Clear(_shapes);
        Array.Clear(_tiles);
    }

    private void Configure(in Instruction instruction)
    {
        var shapes = new ReadOnlySpan<byte>(Check(Address(instruction), ShapeBytes, writes: false, instruction), ShapeBytes);
        Release();
        Fault(shapes[0] != 1, instruction, $"palette {shapes[0]}");
        for (int i = 1; i < ShapeBytes; i++)
        {
            bool isReserved = i < RowBytesAt || (i >= RowBytesAt + (2 * Tiles) && i < RowsAt) || i >= RowsAt + Tiles;
            Fault(isReserved && shapes[i] != 0, instruction, $"byte {i} is {shapes[i]}");
        }

        for (int i = 0; i < Tiles; i++)
        {
            (int rows, int bytes) = (shapes[RowsAt + i], BinaryPrimitives.ReadUInt16LittleEndian(shapes[(RowBytesAt + (2 * i))..]));
            Fault(rows > TileRows || bytes > TileRowBytes || (rows == 0) != (bytes == 0), instruction, $"tile {i} of {rows} rows of {bytes} bytes");
            _shapes[i] = (rows, bytes);
        }

        _isConfigured = true;
    }

    private void LoadTile(in Instruction instruction)
    {
        (int rows, int bytes) = Valid(instruction, 0);
        Span<byte> tile = Tile(instruction.Op0Register);
        tile.Clear();
        (ulong address, ulong stride) = TileAddress(instruction);
        for (int i = 0; i < rows; i++)
        {
            new ReadOnlySpan<byte>(Check(address + ((ulong)i * stride), bytes, writes: false, instruction), bytes).CopyTo(tile[(i * TileRowBytes)..]);
        }
    }

    private void StoreTile(in Instruction instruction)
    {
        (int rows, int bytes) = Valid(instruction, 1);
        Span<byte> tile = Tile(instruction.Op1Register);
        (ulong address, ulong stride) = TileAddress(instruction);
        for (int i = 0; i < rows; i++)
        {
            tile.Slice(i * TileRowBytes, bytes).CopyTo(new Span<byte>(Check(address + ((ulong)i * stride), bytes, writes: true, instruction), bytes));
        }
    }

    private void BFloat16Products(in Instruction instruction)
    {
        (int rows, int columns, int groups) = Product(instruction);
        fixed (byte* sums = Tile(instruction.Op0Register), a = Tile(instruction.Op1Register), b = Tile(instruction.Op2Register))
        {
            const int RowUnits = TileRowBytes / sizeof(uint);
            for (int i = 0; i < rows; i++)
            {
                for (int j = 0; j < columns; j++)
                {
                    ref float sum = ref ((float*)sums)[(i * RowUnits) + j];
                    sum = BFloat16TileDot.Add((uint*)a + (i * RowUnits), 1, (uint*)b + j, RowUnits, groups, sum);
                }
            }
        }
    }

    private void ByteProducts(in Instruction instruction)
    {
        (int rows, int columns, int groups) = Product(instruction);
        Span<uint> sums = Units(instruction.Op0Register), a = Units(instruction.Op1Register), b = Units(instruction.Op2Register);
        const int RowUnits = TileRowBytes / sizeof(uint);
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                for (int p = 0; p < groups; p++)
                {
                    ref uint sum = ref sums[(i * RowUnits) + j];
                    sum = ByteProducts(sum, a[(i * RowUnits) + p], b[(p * RowUnits) + j]);
                }
            }
        }
    }

    /// <summary>Rows and columns of the sums and groups of k, after the checks of the manual's exception class AMX-E4; one tile twice is not even decoded.</summary>
    private (int Rows, int Columns, int Groups) Product(in Instruction instruction)
    {
        (int rows, int bytes) = Valid(instruction, 0);
        (int aRows, int aBytes) = Valid(instruction, 1);
        (int bRows, int bBytes) = Valid(instruction, 2);
        Fault(bytes % 4 != 0 || aBytes % 4 != 0 || bBytes % 4 != 0, instruction, "rows of broken units");
        Fault(rows != aRows || bytes != bBytes || aBytes / 4 != bRows, instruction, $"{aRows} rows of {aBytes} bytes by {bRows} of {bBytes} are not {rows} of {bytes}");

        return (rows, bytes / 4, bRows);
    }

    private (int Rows, int RowBytes) Valid(in Instruction instruction, int operand)
    {
        Fault(!_isConfigured, instruction, "tiles have no shapes");
        (int Rows, int RowBytes) shape = _shapes[instruction.GetOpRegister(operand) - Register.TMM0];
        Fault(shape.Rows == 0, instruction, $"operand {operand} has no shape");
        return shape;
    }

    /// <summary>Of the first row, and bytes from one to the next: the index of the address, times its scale.</summary>
    private (ulong Address, ulong Stride) TileAddress(in Instruction instruction)
    {
        Assert.True(instruction.SegmentPrefix == Register.None && instruction.MemoryBase.GetSize() == 8, $"{instruction}: form of the address");
        ulong stride = instruction.MemoryIndex == Register.None ? 0 : this[instruction.MemoryIndex] * (ulong)instruction.MemoryIndexScale;
        return (this[instruction.MemoryBase] + instruction.MemoryDisplacement64, stride);
    }

    private Span<byte> Tile(Register register) => _tiles.AsSpan((register - Register.TMM0) * TileRows * TileRowBytes, TileRows * TileRowBytes);

    private Span<uint> Units(Register register) => MemoryMarshal.Cast<byte, uint>(Tile(register));

    private static void Fault(bool isOne, in Instruction instruction, string what) => Assert.False(isOne, $"{instruction.IP:x} {instruction} faults: {what}");
}
