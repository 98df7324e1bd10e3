namespace Graft.Peft;

/// <content>Merging adapters into the base weights.</content>
public sealed partial class PeftModel
{
    private MergedWeights? _merged;

    /// <summary>Names of the adapters that are merged now.</summary>
    public IReadOnlyList<string> MergedAdapters { get; private set; } = [];

    /// <summary>Writes adapters into copies of the base weights, in the weights' own format. Until <see cref="UnmergeAdapter"/> nothing else acts.</summary>
    /// <param name="names">Adapters to merge, active or not; none for the active ones.</param>
    /// <exception cref="NotSupportedException">An adapter cannot be merged; nothing has changed.</exception>
    /// <exception cref="InvalidDataException">A merged weight would not be finite; nothing has changed.</exception>
    public void MergeAdapter(params string[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        RequireNotMerged("merge");
        List<Adapter> chosen = names.Length == 0 ? _active : [.. names.Distinct(StringComparer.Ordinal).Select(Find)];
        var weights = new MergedWeights();
        Switch(() =>
        {
            try
            {
                foreach (Adapter adapter in chosen)
                {
                    foreach (AdapterPart part in adapter.Parts)
                    {
                        part.Merge(weights, adapter.Scale);
                    }
                }

                weights.Requantize();
            }
            catch
            {
                weights.Restore();
                throw;
            }

            _merged = weights;
            weights.Restore();
        });
        MergedAdapters = [.. chosen.Select(adapter => adapter.Name)];
    }

    /// <summary>Takes a merge back, bit for bit; the active adapters act again. Does nothing when nothing is merged.</summary>
    public void UnmergeAdapter()
    {
        if (_merged is not null)
        {
            Switch(() => _merged = null);
            MergedAdapters = [];
        }
    }

    /// <summary>Merges the active adapters for good and forgets all adapters: what remains is a plain model.</summary>
    /// <param name="names">Adapters to merge instead of the active ones; the others are dropped.</param>
    public void MergeAndUnload(params string[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (_merged is null || names.Length > 0)
        {
            UnmergeAdapter();
            MergeAdapter(names);
        }

        Switch(() => _disabled = 0);
        _merged = null;
        MergedAdapters = [];
        _active = [];
        _adapters.Clear();
    }

    private void RequireNotMerged(string action)
    {
        if (_merged is not null)
        {
            throw new InvalidOperationException($"cannot {action} while adapters are merged ({string.Join(", ", MergedAdapters)}): unmerge them first");
        }
    }
}
