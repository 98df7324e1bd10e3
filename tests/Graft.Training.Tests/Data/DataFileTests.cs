using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class DataFileTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gzip_members_are_one_stream_and_several_files_one_data_set()
    {
        string first = _folder.Write("a.jsonl.gz", [.. DataFolder.Gzip("{\"a\": 1}\n"), .. DataFolder.Gzip("{\"a\": 2}\n")]);
        string second = _folder.Write("b.jsonl", "{\"b\": 3}\n");

        DataSet data = DataSet.Load([first, second]);

        Assert.Equal([1L, 2L, null], data.Rows.Select(row => row["a"]));
        Assert.Equal([null, null, 3L], data.Rows.Select(row => row["b"]));
    }

    [Fact]
    public void Damaged_gzip_is_refused()
    {
        byte[] packed = DataFolder.Gzip("{\"a\": 1}\n{\"a\": 2}\n");
        string cutChecksum = _folder.Write("checksum.jsonl.gz", packed[..^6]);
        string cutData = _folder.Write("data.jsonl.gz", packed[..^12]);
        string cutHeader = _folder.Write("header.jsonl.gz", packed[..4]);
        packed[^6] ^= 1;
        string corrupt = _folder.Write("corrupt.jsonl.gz", packed);
        string plain = _folder.Write("plain.jsonl.gz", "{\"a\": 1}\n");

        Assert.All([cutChecksum, cutData, cutHeader, corrupt, plain], path => Assert.Contains(path, Assert.Throws<InvalidDataException>(() => DataSet.Load([path])).Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a.parquet")]
    [InlineData("a.jsonl.zst")]
    [InlineData("a.jsonl.bz2")]
    [InlineData("a.csv.xz")]
    [InlineData("a.arrow")]
    public void What_cannot_be_read_is_named_with_a_way_out(string name)
    {
        string path = _folder.Write(name, "x");

        NotSupportedException error = Assert.Throws<NotSupportedException>(() => DataSet.Load([path]));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("convert", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Content_counts_when_the_name_is_wrong()
    {
        string parquet = _folder.Write("a.jsonl", [.. "PAR1"u8, 0, 0]);
        string utf16 = _folder.Write("b.jsonl", [0xFF, 0xFE, .. "{\0}\0"u8]);
        string gzip = _folder.Write("c.jsonl", DataFolder.Gzip("{\"a\": 1}"));

        Assert.Throws<NotSupportedException>(() => DataSet.Load([parquet]));
        Assert.Contains("UTF-16", Assert.Throws<InvalidDataException>(() => DataSet.Load([utf16])).Message, StringComparison.Ordinal);
        Assert.Single(DataSet.Load([gzip]).Rows);
    }

    [Fact]
    public void Paths_and_formats_that_make_no_sense_are_refused()
    {
        string jsonl = _folder.Write("a.jsonl", "{\"a\": 1}");
        string csv = _folder.Write("a.csv", "a\n1");
        string unknown = _folder.Write("a.dat", "{\"a\": 1}");

        Assert.Throws<ArgumentException>(() => DataSet.Load([]));
        Assert.Throws<FileNotFoundException>(() => DataSet.Load([jsonl + "x.jsonl"]));
        Assert.Throws<ArgumentException>(() => DataSet.Load([jsonl, csv]));
        Assert.Contains("'.dat'", Assert.Throws<ArgumentException>(() => DataSet.Load([unknown])).Message, StringComparison.Ordinal);
        Assert.Single(DataSet.Load([unknown], new DataSetOptions { Format = DataSetFormat.JsonLines }).Rows);
        Assert.Contains("folder", Assert.Throws<InvalidDataException>(() => DataSet.Load([Path.GetDirectoryName(jsonl)!], new DataSetOptions { Format = DataSetFormat.Text })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\r\nb\n\n c \u2028d\fe", false, new[] { "a", "b", "", " c \u2028d\fe" }, new[] { 1, 2, 3, 4 })]
    [InlineData("a\r\nb", true, new[] { "a\n", "b" }, new[] { 1, 2 })]
    public void Text_lines(string text, bool keep, string[] expected, int[] lines)
    {
        DataSet data = DataSet.Load([_folder.Write("a.txt", text)], new DataSetOptions { KeepLinebreaks = keep });

        Assert.Equal(expected, data.Rows.Select(row => row["text"]));
        Assert.Equal(lines, data.Rows.Select(row => row.Source.Line));
    }

    [Theory]
    [InlineData(SampleBy.Paragraph, new[] { "a\nb", "\nc", "d\n" }, new[] { 1, 4, 7 })]
    [InlineData(SampleBy.Document, new[] { "a\nb\n\n\nc\n\nd\n" }, new[] { 1 })]
    public void Text_by_paragraph_and_document(SampleBy sampleBy, string[] expected, int[] lines)
    {
        DataSet data = DataSet.Load([_folder.Write("a.txt", "a\nb\r\n\r\n\nc\n\nd\n")], new DataSetOptions { SampleBy = sampleBy });

        Assert.Equal(expected, data.Rows.Select(row => row["text"]));
        Assert.Equal(lines, data.Rows.Select(row => row.Source.Line));
    }
}
