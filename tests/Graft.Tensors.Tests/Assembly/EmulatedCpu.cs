using System.Runtime.InteropServices;
using Graft.Tensors.Kernels;
using Iced.Intel;

namespace Graft.Tensors.Tests.Assembly;

/// <summary>Runs machine code, byte by byte as it was emitted, on registers of its own and on real memory.</summary>
/// <remarks>
/// It knows the few instructions that the kernels use, and fails on any other. Every access must lie in memory that the test allows
/// for that purpose. Registers start with marks, so that a test sees which were given back.
/// </remarks>
internal sealed unsafe partial class EmulatedCpu
{
    public const int VectorBytes = 64;
    private const ulong ReturnAddress = 0xDEAD_0000;
    private const uint UsualState = 0x1F80;
    private const uint FlushToZero = 1 << 15, DenormalsAreZero = 1 << 6;
    private const long MaximumInstructions = 50_000_000;

    private readonly Dictionary<ulong, Instruction> _code = [];
    private readonly ulong[] _general = new ulong[16];
    private readonly byte[] _vectors = new byte[32 * VectorBytes];
    private readonly ulong[] _masks = new ulong[8];
    private readonly List<(ulong Start, ulong End, bool Writes, string Name)> _memory = [];
    private uint _state = UsualState;
    private ulong _next;
    private bool _zero, _sign, _carry, _overflow;

    public EmulatedCpu(byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            Assert.True(instruction.Code != Code.INVALID, $"the bytes at {instruction.IP:x} are no instruction");
            _code[instruction.IP] = instruction;
        }

        for (int i = 0; i < _general.Length; i++)
        {
            _general[i] = 0x1111_0000_0000_0000 + (ulong)i;
        }

        for (int i = 0; i < _vectors.Length; i++)
        {
            _vectors[i] = (byte)((i * 37) + 11);
        }
    }

    /// <summary>MXCSR: rounding and what becomes of subnormals.</summary>
    public uint State => _state;

    /// <summary>Instructions executed by <see cref="Call"/>, by mnemonic.</summary>
    public Dictionary<Mnemonic, long> Executed { get; } = [];

    public ref ulong this[Register register] => ref _general[register.GetFullRegister() - Register.RAX];

    public Span<byte> Vector(int index) => _vectors.AsSpan(index * VectorBytes, VectorBytes);

    /// <summary>Lets the code read, and perhaps write, a stretch of memory.</summary>
    public void Allow(void* start, long bytes, bool writes, string name) => _memory.Add(((ulong)start, (ulong)start + (ulong)bytes, writes, name));

    /// <summary>Runs from the first byte to the return to the caller.</summary>
    /// <param name="stack">Bytes of stack.</param>
    public void Call(Span<byte> stack)
    {
        fixed (byte* bottom = stack)
        {
            Allow(bottom, stack.Length, writes: true, "stack");

            // On entry rsp is 8 below a multiple of 16, with the return address there.
            ulong top = (((ulong)bottom + (ulong)stack.Length - 64) & ~15ul) - 8;
            *(ulong*)top = ReturnAddress;
            this[Register.RSP] = top;
            _next = 0;
            long count = 0;
            while (_next != ReturnAddress)
            {
                Assert.True(_code.TryGetValue(_next, out Instruction instruction), $"jumped to {_next:x}, where no instruction starts");
                Assert.True(++count < MaximumInstructions, "the code does not end");
                _next = instruction.NextIP;
                Executed[instruction.Mnemonic] = Executed.GetValueOrDefault(instruction.Mnemonic) + 1;
                Execute(instruction);
            }

            Assert.True(this[Register.RSP] == top + 8, "rsp is not where it was");
            Assert.False(_isConfigured, "tiles were not released");
            _memory.RemoveAt(_memory.Count - 1);
        }
    }

    private void Execute(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Nop or Mnemonic.Prefetcht1: break;
            case Mnemonic.Mov: WriteInteger(instruction, ReadInteger(instruction, 1)); break;
            case Mnemonic.Add or Mnemonic.Sub or Mnemonic.Cmp or Mnemonic.Dec or Mnemonic.Xor or Mnemonic.Or or Mnemonic.And or Mnemonic.Shl or Mnemonic.Shr: Arithmetic(instruction); break;
            case Mnemonic.Imul when instruction.OpCount == 3: WriteInteger(instruction, ReadInteger(instruction, 1) * ReadInteger(instruction, 2)); break;
            case Mnemonic.Jmp: _next = instruction.NearBranchTarget; break;
            case Mnemonic.Je or Mnemonic.Jne or Mnemonic.Jl or Mnemonic.Jge: Branch(instruction); break;
            case Mnemonic.Ret: _next = *(ulong*)Check(this[Register.RSP], 8, writes: false, instruction); this[Register.RSP] += 8; break;
            case Mnemonic.Stmxcsr: *(uint*)Check(Address(instruction), 4, writes: true, instruction) = _state; break;
            case Mnemonic.Ldmxcsr: _state = *(uint*)Check(Address(instruction), 4, writes: false, instruction); break;
            case Mnemonic.Kmovw: _masks[instruction.Op0Register - Register.K0] = (ushort)this[instruction.Op1Register]; break;
            default:
                if (!TryExecuteTile(instruction))
                {
                    ExecuteVector(instruction);
                }

                break;
        }
    }

    private void Arithmetic(in Instruction instruction)
    {
        int bits = 8 * (instruction.Op0Kind == OpKind.Memory ? instruction.MemorySize.GetSize() : instruction.Op0Register.GetSize());
        Assert.True(bits is 32 or 64, $"{instruction}: operand size");
        ulong left = ReadInteger(instruction, 0), right = instruction.Mnemonic == Mnemonic.Dec ? 1 : ReadInteger(instruction, 1);
        ulong result = instruction.Mnemonic switch
        {
            Mnemonic.Add => left + right,
            Mnemonic.Xor => left ^ right,
            Mnemonic.Or => left | right,
            Mnemonic.And => left & right,
            Mnemonic.Shl => left << (int)(right & 63),
            Mnemonic.Shr => left >> (int)(right & 63),
            _ => left - right,
        };
        ulong mask = bits == 64 ? ulong.MaxValue : uint.MaxValue, signBit = 1ul << (bits - 1);
        (left, right, result) = (left & mask, right & mask, result & mask);
        _zero = result == 0;
        _sign = (result & signBit) != 0;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Add: (_carry, _overflow) = (result < left, ((left ^ result) & (right ^ result) & signBit) != 0); break;
            case Mnemonic.Sub or Mnemonic.Cmp: (_carry, _overflow) = (left < right, ((left ^ right) & (left ^ result) & signBit) != 0); break;
            case Mnemonic.Dec: _overflow = left == signBit; break;
            default: (_carry, _overflow) = (false, false); break;
        }

        if (instruction.Mnemonic != Mnemonic.Cmp)
        {
            WriteInteger(instruction, result);
        }
    }

    private void Branch(in Instruction instruction)
    {
        bool taken = instruction.Mnemonic switch
        {
            Mnemonic.Je => _zero,
            Mnemonic.Jne => !_zero,
            Mnemonic.Jl => _sign != _overflow,
            _ => _sign == _overflow,
        };
        if (taken)
        {
            _next = instruction.NearBranchTarget;
        }
    }

    private ulong ReadInteger(in Instruction instruction, int operand)
    {
        switch (instruction.GetOpKind(operand))
        {
            case OpKind.Register:
                Register register = instruction.GetOpRegister(operand);
                return register.GetSize() switch { 8 => this[register], 4 => (uint)this[register], 2 => (ushort)this[register], 1 when register is < Register.AH or > Register.BH => (byte)this[register], _ => throw Unknown(instruction) };
            case OpKind.Memory:
                int size = instruction.MemorySize.GetSize();
                byte* address = Check(Address(instruction), size, writes: false, instruction);
                return size switch { 8 => *(ulong*)address, 4 => *(uint*)address, _ => throw Unknown(instruction) };
            default:
                return instruction.GetImmediate(operand);
        }
    }

    private void WriteInteger(in Instruction instruction, ulong value)
    {
        if (instruction.Op0Kind == OpKind.Register)
        {
            Assert.True(instruction.Op0Register.GetSize() is 4 or 8, $"{instruction}: operand size");
            this[instruction.Op0Register] = instruction.Op0Register.GetSize() == 8 ? value : (uint)value;
            return;
        }

        int size = instruction.MemorySize.GetSize();
        byte* address = Check(Address(instruction), size, writes: true, instruction);
        switch (size)
        {
            case 8: *(ulong*)address = value; break;
            case 4: *(uint*)address = (uint)value; break;
            case 2: *(ushort*)address = (ushort)value; break;
            case 1: *address = (byte)value; break;
            default: throw Unknown(instruction);
        }
    }

    private ulong Address(in Instruction instruction)
    {
        Assert.True(instruction.MemoryIndex == Register.None && instruction.SegmentPrefix == Register.None && instruction.MemoryBase.GetSize() == 8, $"{instruction}: form of the address");
        return this[instruction.MemoryBase] + instruction.MemoryDisplacement64;
    }

    private byte* Check(ulong address, int bytes, bool writes, in Instruction instruction)
    {
        foreach ((ulong start, ulong end, bool mayWrite, _) in _memory)
        {
            if (address >= start && address + (ulong)bytes <= end && (mayWrite || !writes))
            {
                return (byte*)address;
            }
        }

        string near = string.Join(", ", _memory.Select(region => $"{region.Name} {(long)(address - region.Start)} of {region.End - region.Start}"));
        Assert.Fail($"{instruction.IP:x} {instruction}: {(writes ? "writes" : "reads")} {bytes} bytes outside: {near}");
        return null;
    }

    private static NotSupportedException Unknown(in Instruction instruction) => new($"{instruction.IP:x} {instruction} ({instruction.Code}): the emulator does not know it");
}
