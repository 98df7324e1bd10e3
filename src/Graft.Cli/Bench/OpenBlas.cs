using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Graft.Cli.Bench;

/// <summary>OpenBLAS, where the system has it: something to compare with. Nothing else in Graft uses it.</summary>
internal sealed unsafe partial class OpenBlas : IDisposable
{
    private const int RowMajor = 101;
    private const int AsStored = 111;
    private const int Transposed = 112;

    private readonly nint _library;
    private readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _sgemm;
    private readonly delegate* unmanaged<int, void> _setThreads;

    private OpenBlas(nint library)
    {
        _library = library;
        _sgemm = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)NativeLibrary.GetExport(library, "cblas_sgemm");
        _setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads");
        var config = (delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, "openblas_get_config");
        Description = Marshal.PtrToStringUTF8((nint)config()) ?? "OpenBLAS";
    }

    /// <summary>What the library says of itself: version, threading, kernel family.</summary>
    public string Description { get; }

    /// <summary>Loads the library, or returns null where there is none.</summary>
    /// <remarks>
    /// Releases older than the CPU fall back to their AVX2 kernels; the comparison asks for the AVX-512 ones where they would run.
    /// </remarks>
    public static OpenBlas? TryLoad()
    {
        if (OperatingSystem.IsLinux() && Avx512F.IsSupported)
        {
            _ = SetNativeVariable("OPENBLAS_CORETYPE", "SkylakeX", overwrite: 0);
        }

        foreach (string name in new[] { "libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "libopenblas.dll" })
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return new OpenBlas(library);
            }
        }

        return null;
    }

    /// <summary>Number of threads of the calls that follow.</summary>
    public void SetThreads(int count) => _setThreads(count);

    /// <summary><c>C[m,n] = beta · C + op(A)[m,k] · op(B)[k,n]</c>, row-major.</summary>
    public void Multiply(GemmLayout layout, int m, int n, int k, float* a, int lda, float* b, int ldb, float beta, float* c, int ldc)
        => _sgemm(
            RowMajor, layout == GemmLayout.TN ? Transposed : AsStored, layout == GemmLayout.NT ? Transposed : AsStored,
            m, n, k, 1f, a, lda, b, ldb, beta, c, ldc);

    /// <inheritdoc/>
    public void Dispose() => NativeLibrary.Free(_library);

    // Environment.SetEnvironmentVariable changes .NET's copy only; the library reads the C library's.
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetNativeVariable(string name, string value, int overwrite);
}
