using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Graft.Tensors.Assembly;

/// <summary>Memory for machine code: mapped writable, filled, then made executable; never both at once. It stays for the life of the process.</summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ProtectRead = 1;
    private const int ProtectWrite = 2;
    private const int ProtectExecute = 4;
    private const int MapPrivate = 2;
    private const int MapAnonymous = 0x20;

    private const uint CommitAndReserve = 0x3000;
    private const uint ReleaseAll = 0x8000;
    private const uint PageReadWrite = 0x04;
    private const uint PageExecuteRead = 0x20;

    private static readonly nint MapFailed = -1;

    /// <summary>Whether code can be placed here: a 64-bit x86 process on Linux or Windows.</summary>
    public static bool IsSupported => RuntimeInformation.ProcessArchitecture == Architecture.X64 && (OperatingSystem.IsLinux() || OperatingSystem.IsWindows());

    /// <summary>Places code where it can run.</summary>
    /// <param name="code">Position-independent machine code.</param>
    /// <returns>Its first byte.</returns>
    /// <exception cref="PlatformNotSupportedException"><see cref="IsSupported"/> is false.</exception>
    /// <exception cref="Win32Exception">The system refuses: a hardened kernel or policy may forbid new executable pages.</exception>
    public static nint Place(ReadOnlySpan<byte> code)
        => !IsSupported ? throw new PlatformNotSupportedException("machine code is placed in 64-bit x86 processes on Linux and Windows only")
            : OperatingSystem.IsWindows() ? PlaceOnWindows(code)
            : PlaceOnLinux(code);

    private static nint PlaceOnLinux(ReadOnlySpan<byte> code)
    {
        nint memory = Map(0, (nuint)code.Length, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (memory == MapFailed)
        {
            throw LastError("mmap");
        }

        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (Protect(memory, (nuint)code.Length, ProtectRead | ProtectExecute) != 0)
        {
            Win32Exception refusal = LastError("mprotect");
            _ = Unmap(memory, (nuint)code.Length);
            throw refusal;
        }

        return memory;
    }

    private static nint PlaceOnWindows(ReadOnlySpan<byte> code)
    {
        nint memory = VirtualAlloc(0, (nuint)code.Length, CommitAndReserve, PageReadWrite);
        if (memory == 0)
        {
            throw LastError("VirtualAlloc");
        }

        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (VirtualProtect(memory, (nuint)code.Length, PageExecuteRead, out _) == 0 || FlushInstructionCache(-1, memory, (nuint)code.Length) == 0)
        {
            Win32Exception refusal = LastError("VirtualProtect");
            _ = VirtualFree(memory, 0, ReleaseAll);
            throw refusal;
        }

        return memory;
    }

    private static Win32Exception LastError(string call)
    {
        int error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"{call} for machine code: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(nint address, nuint length);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint VirtualAlloc(nint address, nuint size, uint allocationType, uint protection);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualProtect(nint address, nuint size, uint protection, out uint before);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualFree(nint address, nuint size, uint freeType);

    [LibraryImport("kernel32", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int FlushInstructionCache(nint process, nint address, nuint size);
}
