using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class EventFramingTests
{
    private static readonly byte[] TwoRecords = [.. EventFraming.Frame([1, 2, 3]), .. EventFraming.Frame([])];

    [Fact]
    public void Records_are_read_back_with_their_places()
    {
        IReadOnlyList<EventRecord> records = EventFraming.Read(TwoRecords);
        Assert.Equal([0, 19], records.Select(record => record.Offset));
        Assert.Equal([1, 2, 3], records[0].Data.ToArray());
        Assert.True(records[1].Data.IsEmpty);
    }

    [Fact]
    public void A_file_that_is_cut_off_anywhere_gives_the_records_before()
    {
        for (int length = 0; length < TwoRecords.Length; length++)
        {
            Assert.Equal(length < 19 ? 0 : 1, EventFraming.Read(TwoRecords.AsMemory(0, length)).Count);
        }
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        for (int i = 0; i < TwoRecords.Length; i++)
        {
            byte[] damaged = [.. TwoRecords];
            damaged[i] ^= 0x10;
            Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => EventFraming.Read(damaged)).Message);
        }
    }

    [Fact]
    public void Counts_in_a_histogram_are_torchs()
    {
        var histogram = SummaryHistogram.Of([0f, 1e-12f, 0.5f, -0.5f, 0.5f]);
        Assert.Equal(5, histogram.Num);
        Assert.Equal((-0.5, 0.5), (histogram.Min, histogram.Max));
        Assert.Equal((0.5 + 1e-12f, 0.75 + ((double)1e-12f * 1e-12f)), (histogram.Sum, histogram.SumOfSquares));
        Assert.Equal(histogram.Limits.Count, histogram.Counts.Count);
        Assert.Equal(5, histogram.Counts.Sum());
        Assert.Equal((0, 1, 2), (histogram.Counts[0], histogram.Counts[1], histogram.Counts[^1]));

        // The edge below -0.5 and the one above 0.5 lie a tenth apart.
        Assert.InRange(histogram.Limits[0], -0.5 * 1.1, -0.5);
        Assert.InRange(histogram.Limits[^1], 0.5, 0.5 * 1.1);
        Assert.Throws<ArgumentException>(() => SummaryHistogram.Of([]));
        Assert.Throws<ArgumentException>(() => SummaryHistogram.Of([1, float.NaN]));
    }
}
