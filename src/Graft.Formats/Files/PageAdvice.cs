using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Graft.Formats;

/// <summary>What the system is told about mapped pages: read these soon, forget those. Failures are ignored, for advice changes no byte.</summary>
internal static unsafe partial class PageAdvice
{
    // The same numbers on Linux and on macOS.
    private const int MadviseWillNeed = 3;
    private const int MadviseDontNeed = 4;
    private const int FadviseDontNeed = 4;

    // Linux reads no more for one call than the device's read-ahead, which is 128 KiB unless somebody has raised it.
    private const nint LinuxPiece = 128 << 10;

    /// <summary>The start of the page that <paramref name="address"/> lies in.</summary>
    public static nint RoundDown(nint address) => address & ~(nint)(Environment.SystemPageSize - 1);

    /// <summary><paramref name="address"/>, or the start of the next page.</summary>
    public static nint RoundUp(nint address) => RoundDown(address + Environment.SystemPageSize - 1);

    /// <summary>Pages that will be read soon.</summary>
    /// <param name="start">Start of a page.</param>
    /// <param name="length">Bytes.</param>
    public static void WillNeed(nint start, nint length)
    {
        if (OperatingSystem.IsLinux())
        {
            for (nint done = 0; done < length; done += LinuxPiece)
            {
                _ = Advise((void*)(start + done), (nuint)Math.Min(LinuxPiece, length - done), MadviseWillNeed);
            }
        }
        else if (OperatingSystem.IsMacOS())
        {
            _ = Advise((void*)start, (nuint)length, MadviseWillNeed);
        }
        else if (OperatingSystem.IsWindows())
        {
            var range = new MemoryRange { Address = (void*)start, Length = (nuint)length };
            _ = PrefetchVirtualMemory(CurrentProcess, 1, &range, 0);
        }
    }

    /// <summary>Pages that will not be read for a while leave this process; the system may keep them in its cache.</summary>
    /// <param name="start">Start of a page.</param>
    /// <param name="length">Bytes.</param>
    public static void DontNeed(nint start, nint length)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = Advise((void*)start, (nuint)length, MadviseDontNeed);
        }
        else if (OperatingSystem.IsWindows())
        {
            // Pages that are not locked leave the working set, which the call reports as an error.
            _ = VirtualUnlock((void*)start, (nuint)length);
        }
    }

    /// <summary>Pages leave the system's cache too. Those that somebody still has mapped stay, so <see cref="DontNeed"/> comes first.</summary>
    /// <param name="file">The file that they are of.</param>
    /// <param name="offset">Where they lie in it.</param>
    /// <param name="length">Bytes.</param>
    public static void DropCached(SafeFileHandle file, long offset, long length)
    {
        if (OperatingSystem.IsLinux())
        {
            _ = AdviseFile(file, offset, length, FadviseDontNeed);
        }
    }

    // What GetCurrentProcess returns, by definition.
    private static nint CurrentProcess => -1;

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdviseFile(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("kernel32", EntryPoint = "PrefetchVirtualMemory")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int PrefetchVirtualMemory(nint process, nuint count, MemoryRange* ranges, uint flags);

    [LibraryImport("kernel32", EntryPoint = "VirtualUnlock")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int VirtualUnlock(void* address, nuint length);

    private struct MemoryRange
    {
        public void* Address;
        public nuint Length;
    }
}
