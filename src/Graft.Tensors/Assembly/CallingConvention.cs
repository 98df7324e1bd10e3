namespace Graft.Tensors.Assembly;

/// <summary>How a system's native functions get their first argument, and which registers they must give back as they were.</summary>
internal enum CallingConvention
{
    /// <summary>Linux and other Unix systems: first argument in rdi; every vector register may be overwritten.</summary>
    SystemV,

    /// <summary>Windows: first argument in rcx; the lower halves of xmm6 to xmm15 belong to the caller.</summary>
    Windows,
}
