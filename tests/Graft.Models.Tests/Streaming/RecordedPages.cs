using Graft.Formats;

namespace Graft.Models.Tests.Streaming;

/// <summary>Writes down what is asked for and let go, and does it at once where there are files.</summary>
/// <param name="room">Bytes of weights that may be in memory.</param>
/// <param name="files">The files, or none.</param>
internal sealed class RecordedPages(long room, params IReadOnlyList<FilePages> files) : IWeightPages
{
    /// <summary>For example "+3" for reading stage 3 ahead and "-2" for letting stage 2 go.</summary>
    public List<string> Events { get; } = [];

    /// <summary>Stages in memory.</summary>
    public SortedSet<int> Resident { get; } = [];

    /// <summary>Events since the last call, in one line.</summary>
    public string Take()
    {
        string events = string.Join(' ', Events);
        Events.Clear();
        return events;
    }

    public void ReadAhead(WeightStage stage)
    {
        Events.Add($"+{stage.Index}");
        Assert.True(Resident.Add(stage.Index), "what is in memory is not asked for");
        ForEach(stage, (file, range) => file.ReadAhead(range.Start, range.Length));
    }

    public void Release(WeightStage stage)
    {
        Events.Add($"-{stage.Index}");
        Assert.True(Resident.Remove(stage.Index), "only what is in memory is let go");
        ForEach(stage, (file, range) => file.Release(range.Start, range.Length));
    }

    public long Room() => room;

    public void Dispose()
    {
    }

    private void ForEach(WeightStage stage, Action<FilePages, WeightRange> action)
    {
        foreach (WeightRange range in stage.Ranges)
        {
            foreach (FilePages file in files.Where(file => file.Contains(range.Start, range.Length)))
            {
                action(file, range);
            }
        }
    }
}
