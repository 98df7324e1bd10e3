using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>Goes over mapped weights once, as when a model is quantised on loading: the next are read ahead, and each leaves the process when it is done with.</summary>
internal static class ReadOnce
{
    // So much lies ahead that the disk need not wait for a small matrix, and little enough for memory that a model just fits.
    private const long BytesAhead = 256L << 20;

    /// <summary>Does something with each.</summary>
    /// <param name="files">The mapped files; what lies elsewhere is neither read ahead nor let go.</param>
    /// <param name="items">What to go over, best in the order of the files.</param>
    /// <param name="weightOf">The weight that is read for an item.</param>
    /// <param name="read">What to do; afterwards nobody should need the weight soon.</param>
    public static void ForEach<T>(IReadOnlyList<FilePages> files, IReadOnlyList<T> items, Func<T, Parameter> weightOf, Action<T> read)
    {
        WeightStage[] stages = [.. items.Select(weightOf).Select((weight, index) => new WeightStage(weight.Name, index, [.. WeightRange.InFiles(weight, files)]))];
        using var pages = new MappedWeightPages(files);
        int asked = 0;
        long ahead = 0;
        for (int i = 0; i < stages.Length; i++)
        {
            for (; asked < stages.Length && (asked <= i || ahead < BytesAhead); asked++)
            {
                pages.ReadAhead(stages[asked]);
                ahead += stages[asked].ByteLength;
            }

            read(items[i]);
            ahead -= stages[i].ByteLength;
            foreach (WeightRange range in stages[i].Ranges)
            {
                files.First(file => file.Contains(range.Start, range.Length)).Unload(range.Start, range.Length);
            }
        }
    }
}
