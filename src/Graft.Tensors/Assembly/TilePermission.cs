using System.Runtime.InteropServices;

namespace Graft.Tensors.Assembly;

/// <summary>Whether the system lets this process use tile registers (AMX): Linux gives them, 8 KiB a thread, only to a process that asks.</summary>
/// <remarks>
/// Asked once, before the first use, for all threads. Linux refuses where it is older than 5.16, and where a thread's stack for signals is too small for the
/// registers. Windows gives them to a thread that uses them.
/// </remarks>
internal static partial class TilePermission
{
    private const int Request = 0x1023; // ARCH_REQ_XCOMP_PERM
    private const nuint TileData = 18; // The state's bit in XCR0.

    private static readonly Lazy<string?> Answer = new(Ask);

    /// <summary>Why the system refuses; null where it does not.</summary>
    public static string? Refusal => Answer.Value;

    private static string? Ask()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            return Control(Request, TileData) == 0 ? null : Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return e.Message;
        }
    }

    [LibraryImport("libc", EntryPoint = "arch_prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Control(int code, nuint value);
}
