using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class LevelDbLogTests
{
    private const int Header = 7;

    /// <summary>Every way in which a record can meet the end of a block: with room for more, just fitting, a header alone, less than a header.</summary>
    [Fact]
    public void Records_meet_the_end_of_a_block_in_every_way()
    {
        for (int room = -3; room < 40; room++)
        {
            // The first record ends room bytes before the end of the first block.
            int first = LevelDbLogWriter.BlockBytes - Header - Header - room;
            byte[][] records = [Bytes(first), Bytes(5), Bytes(0), Bytes(3)];
            byte[] file = Write(records);
            IReadOnlyList<LogRecord> read = LevelDbLogReader.Read(file);
            Assert.Equal(records.Length, read.Count);
            for (int i = 0; i < records.Length; i++)
            {
                Assert.True(read[i].Data.Span.SequenceEqual(records[i]), $"record {i} with {room} bytes left");
            }

            Assert.All(read.SelectMany(record => record.Fragments), fragment => Assert.Equal(fragment.Offset / LevelDbLogWriter.BlockBytes, (fragment.Offset + Header + fragment.Length - 1) / LevelDbLogWriter.BlockBytes));
            int expected = room < 0 || room is >= 7 and < 12 ? 2 : 1;
            Assert.Equal(room < 0 ? (2, 1) : (1, expected), (read[0].Fragments.Count, read[1].Fragments.Count));
        }
    }

    [Fact]
    public void A_record_of_several_blocks_has_a_beginning_parts_between_and_an_end()
    {
        byte[] record = Bytes(100_000);
        LogRecord read = Assert.Single(LevelDbLogReader.Read(Write(record)));
        Assert.Equal([LogFragmentType.First, LogFragmentType.Middle, LogFragmentType.Middle, LogFragmentType.Last], read.Fragments.Select(fragment => fragment.Type));
        Assert.True(read.Data.Span.SequenceEqual(record));
    }

    [Fact]
    public void A_block_ends_with_zeros_where_no_header_fits()
    {
        byte[] file = Write(Bytes(LevelDbLogWriter.BlockBytes - Header - Header - 6), Bytes(1));
        Assert.Equal(new byte[6], file.AsSpan(LevelDbLogWriter.BlockBytes - 6, 6).ToArray());
    }

    [Fact]
    public void A_file_that_is_cut_off_gives_the_records_before()
    {
        byte[] file = Write(Bytes(10), Bytes(40_000));
        Assert.Empty(LevelDbLogReader.Read(file.AsSpan(0, Header)));
        Assert.Empty(LevelDbLogReader.Read(file.AsSpan(0, 20)));
        Assert.Single(LevelDbLogReader.Read(file.AsSpan(0, 24)));
        Assert.Single(LevelDbLogReader.Read(file.AsSpan(0, 33_000)));
        Assert.Single(LevelDbLogReader.Read(file.AsSpan(0, file.Length - 1)));
        Assert.Equal(2, LevelDbLogReader.Read(file).Count);
    }

    [Fact]
    public void Damage_is_noticed()
    {
        // But for lengths: one that reaches beyond the end may as well be that of a record that was cut off.
        byte[] file = Write(Bytes(10), Bytes(10));
        int[] lengths = [11, 12, 28, 29];
        for (int i = 0; i < file.Length; i++)
        {
            byte[] damaged = [.. file];
            damaged[i] ^= 0x40;
            if (lengths.Contains(i))
            {
                Assert.Equal(i < 28 ? 0 : 1, LevelDbLogReader.Read(damaged).Count);
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => LevelDbLogReader.Read(damaged));
            }
        }

        byte[] torn = Write(Bytes(40_000), Bytes(1));
        byte[] withoutBeginning = [.. LevelDbLogWriter.FileHeader, .. torn.AsSpan(LevelDbLogWriter.BlockBytes)];
        Assert.Contains("no beginning", Assert.Throws<InvalidDataException>(() => LevelDbLogReader.Read(withoutBeginning)).Message);
    }

    private static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i * 7))];

    private static byte[] Write(params byte[][] records)
    {
        using var stream = new MemoryStream();
        var writer = new LevelDbLogWriter(stream);
        foreach (byte[] record in records)
        {
            writer.Write(record);
        }

        return stream.ToArray();
    }
}
