namespace Graft.Tensors.Kernels;

/// <summary>A row of integer blocks taken apart, filled up with zeros to whole steps as <see cref="RoundedRows"/> are.</summary>
internal unsafe readonly struct ExpandedRow
{
    /// <summary>Integers.</summary>
    public readonly short* Codes;

    /// <summary>A scale for each run.</summary>
    public readonly float* Scales;

    /// <summary>A minimum for each run.</summary>
    public readonly float* Minima;

    /// <summary>Lays it out in memory.</summary>
    /// <param name="memory"><see cref="FloatsFor"/>, aligned to 32 bytes.</param>
    /// <param name="columns">Elements of the row.</param>
    /// <param name="runElements">Elements of a run.</param>
    public ExpandedRow(float* memory, int columns, int runElements)
    {
        int padded = RoundedRows.Padded(columns);
        Codes = (short*)memory;
        Scales = memory + (padded / 2);
        Minima = Scales + (padded / runElements);
        new Span<short>(Codes + columns, padded - columns).Clear();
    }

    /// <summary>Memory for a row, in floats.</summary>
    /// <param name="columns">Elements of the row.</param>
    /// <param name="runElements">Elements of a run.</param>
    public static long FloatsFor(int columns, int runElements) => RoundedRows.FloatsFor(1, columns, runElements);
}
