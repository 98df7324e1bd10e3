using System.ComponentModel;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Graft.Tensors.Assembly;

/// <summary>Reads XCR0, the set of register states that the operating system saves: .NET has no intrinsic for XGETBV.</summary>
internal static unsafe class ExtendedControlRegister
{
    /// <summary>XCR0; null where the system allows no machine code. The CPU must have XGETBV (leaf 1, ecx bit 27).</summary>
    public static ulong? TryRead()
    {
        try
        {
            return ((delegate* unmanaged<ulong>)ExecutableMemory.Place(Assemble()))();
        }
        catch (Exception e) when (e is Win32Exception or DllNotFoundException or EntryPointNotFoundException)
        {
            // The system forbids executable pages, or has another way to them: then there are no kernels whose registers would matter.
            return null;
        }
    }

    /// <summary>The function's code: XCR0 in edx:eax becomes the result in rax, in both calling conventions.</summary>
    internal static byte[] Assemble()
    {
        var c = new Assembler(64);
        c.xor(ecx, ecx);
        c.xgetbv();
        c.shl(rdx, 32);
        c.or(rax, rdx);
        c.ret();
        return MachineCode.Bytes(c);
    }
}
