using System.Runtime.InteropServices;
using Graft.Tensors.Kernels;
using Iced.Intel;

namespace Graft.Tensors.Tests.Assembly;

/// <content>Vector instructions: operands of 16, 32 or 64 bytes, in lanes of 32 bits; what lies above the operand becomes zero.</content>
internal sealed unsafe partial class EmulatedCpu
{
    private const int LaneBytes = 4;

    private delegate uint Lane(uint destination, uint left, uint right);

    private void ExecuteVector(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Vzeroupper:
                for (int i = 0; i < 16; i++)
                {
                    Vector(i)[16..].Clear();
                }

                break;
            case Mnemonic.Vmovups or Mnemonic.Vmovdqu or Mnemonic.Vmovdqu32: Move(instruction); break;
            case Mnemonic.Vmaskmovps: MaskedMove(instruction); break;
            case Mnemonic.Vpbroadcastd: Broadcast(instruction); break;
            case Mnemonic.Vpxord or Mnemonic.Vpxor: Combine(instruction, (_, a, b) => a ^ b); break;
            case Mnemonic.Vpand: Combine(instruction, (_, a, b) => a & b); break;
            case Mnemonic.Vpcmpeqd: Combine(instruction, (_, a, b) => a == b ? uint.MaxValue : 0); break;
            case Mnemonic.Vpaddd: Combine(instruction, (_, a, b) => a + b); break;
            case Mnemonic.Vaddps: Combine(instruction, Sum); break;
            case Mnemonic.Vfmadd231ps: Combine(instruction, MultiplyAdd); break;
            case Mnemonic.Vdpbf16ps: Combine(instruction, (sum, a, b) => Bits(BFloat16Dot.Add(a, b, Value(sum)))); break;
            case Mnemonic.Vpdpbusd: Combine(instruction, ByteProducts); break;
            case Mnemonic.Vpslld: ShiftLeft(instruction); break;
            default: throw Unknown(instruction);
        }
    }

    private static uint ByteProducts(uint sum, uint unsigned, uint signed)
    {
        for (int i = 0; i < 4; i++)
        {
            sum += (uint)((byte)(unsigned >> (8 * i)) * (sbyte)(signed >> (8 * i)));
        }

        return sum;
    }

    private uint Sum(uint destination, uint left, uint right)
    {
        // Kernels add to C as any fp32 code would.
        Assert.True((_state & (FlushToZero | DenormalsAreZero)) == 0, "C is added to while subnormals are zeros");
        return Bits(Value(left) + Value(right));
    }

    private uint MultiplyAdd(uint sum, uint left, uint right)
    {
        Assert.True((_state & (FlushToZero | DenormalsAreZero)) == (FlushToZero | DenormalsAreZero), "products are added while subnormals are not zeros");

        // One of the two products of a pair; with the other one zero the definition leaves it alone.
        Assert.True((left & 0xFFFF) == 0 && (right & 0xFFFF) == 0, "factors are not bf16");
        return Bits(BFloat16Dot.MultiplyAdd(Value(left), Value(right), Value(sum)));
    }

    private void Move(in Instruction instruction)
    {
        if (instruction.Op0Kind != OpKind.Memory)
        {
            Span<byte> loaded = stackalloc byte[VectorBytes];
            int size = Size(instruction.Op0Register);
            Load(instruction, 1, size, Lanes(instruction, size), loaded);
            Write(instruction, size, loaded);
            return;
        }

        Register source = instruction.Op1Register;
        int bytes = Size(source);
        ulong address = Address(instruction), lanes = Lanes(instruction, bytes);
        for (int i = 0; i < bytes / LaneBytes; i++)
        {
            if (((lanes >> i) & 1) != 0)
            {
                *(uint*)Check(address + (ulong)(i * LaneBytes), LaneBytes, writes: true, instruction) = Elements(source)[i];
            }
        }
    }

    /// <summary>The sign of each lane of the second operand says whether it is moved.</summary>
    private void MaskedMove(in Instruction instruction)
    {
        bool stores = instruction.Op0Kind == OpKind.Memory;
        Span<uint> mask = Elements(instruction.Op1Register);
        Register register = stores ? instruction.Op2Register : instruction.Op0Register;
        int size = Size(register);
        ulong address = Address(instruction);
        Span<uint> loaded = stackalloc uint[VectorBytes / LaneBytes];
        loaded.Clear();
        for (int i = 0; i < size / LaneBytes; i++)
        {
            if (mask[i] >> 31 == 0)
            {
                continue;
            }

            var place = (uint*)Check(address + (ulong)(i * LaneBytes), LaneBytes, stores, instruction);
            if (stores)
            {
                *place = Elements(register)[i];
            }
            else
            {
                loaded[i] = *place;
            }
        }

        if (!stores)
        {
            Write(instruction, size, MemoryMarshal.AsBytes(loaded));
        }
    }

    private void Broadcast(in Instruction instruction)
    {
        int size = Size(instruction.Op0Register);
        uint value = *(uint*)Check(Address(instruction), LaneBytes, writes: false, instruction);
        Span<uint> lanes = stackalloc uint[VectorBytes / LaneBytes];
        lanes.Fill(value);
        Write(instruction, size, MemoryMarshal.AsBytes(lanes));
    }

    private void ShiftLeft(in Instruction instruction)
    {
        int size = Size(instruction.Op0Register), count = (int)instruction.GetImmediate(2);
        Span<uint> result = stackalloc uint[VectorBytes / LaneBytes];
        Elements(instruction.Op1Register).CopyTo(result);
        for (int i = 0; i < size / LaneBytes; i++)
        {
            result[i] <<= count;
        }

        Write(instruction, size, MemoryMarshal.AsBytes(result));
    }

    private void Combine(in Instruction instruction, Lane lane)
    {
        Assert.False(instruction.IsBroadcast, $"{instruction}: broadcast operands are not emulated");
        int size = Size(instruction.Op0Register);
        ulong mask = Lanes(instruction, size);
        Span<byte> right = stackalloc byte[VectorBytes];
        Load(instruction, 2, size, mask, right);
        Span<uint> left = Elements(instruction.Op1Register), other = MemoryMarshal.Cast<byte, uint>(right), before = Elements(instruction.Op0Register);
        Span<uint> result = stackalloc uint[VectorBytes / LaneBytes];
        for (int i = 0; i < size / LaneBytes; i++)
        {
            bool on = ((mask >> i) & 1) != 0;
            result[i] = on ? lane(before[i], left[i], other[i]) : instruction.ZeroingMasking ? 0 : before[i];
        }

        Write(instruction, size, MemoryMarshal.AsBytes(result));
    }

    /// <summary>An operand in a register or in memory; lanes that are masked out touch no memory.</summary>
    private void Load(in Instruction instruction, int operand, int size, ulong lanes, Span<byte> destination)
    {
        if (instruction.GetOpKind(operand) == OpKind.Register)
        {
            MemoryMarshal.AsBytes(Elements(instruction.GetOpRegister(operand))).CopyTo(destination);
            return;
        }

        destination.Clear();
        ulong address = Address(instruction);
        Span<uint> elements = MemoryMarshal.Cast<byte, uint>(destination);
        if (lanes == (1ul << (size / LaneBytes)) - 1)
        {
            new ReadOnlySpan<byte>(Check(address, size, writes: false, instruction), size).CopyTo(destination);
            return;
        }

        for (int i = 0; i < size / LaneBytes; i++)
        {
            if (((lanes >> i) & 1) != 0)
            {
                elements[i] = *(uint*)Check(address + (ulong)(i * LaneBytes), LaneBytes, writes: false, instruction);
            }
        }
    }

    private void Write(in Instruction instruction, int size, ReadOnlySpan<byte> value)
    {
        Span<byte> register = MemoryMarshal.AsBytes(Elements(instruction.Op0Register));
        value[..size].CopyTo(register);
        register[size..].Clear();
    }

    private ulong Lanes(in Instruction instruction, int size)
        => instruction.OpMask == Register.None ? (1ul << (size / LaneBytes)) - 1 : _masks[instruction.OpMask - Register.K0];

    private Span<uint> Elements(Register register)
    {
        int index = register.IsZMM() ? register - Register.ZMM0 : register.IsYMM() ? register - Register.YMM0 : register - Register.XMM0;
        return MemoryMarshal.Cast<byte, uint>(Vector(index));
    }

    private static int Size(Register register)
        => register.IsZMM() ? 64 : register.IsYMM() ? 32 : register.IsXMM() ? 16 : throw new NotSupportedException($"{register} is no vector register");

    private static float Value(uint bits) => BitConverter.UInt32BitsToSingle(bits);

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
