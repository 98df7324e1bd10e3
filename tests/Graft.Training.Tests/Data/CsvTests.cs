using System.Numerics;
using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class CsvTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Quotes_follow_pandas()
    {
        DataSet data = Load("t,n\n\"a \"\"q\"\"\",1\n\"half\"way,2\nmid\"dle,3\n\"two\nlines\r\nx\",4\n \"b\" ,5\nback\\slash,6\n");

        Assert.Equal(["a \"q\"", "halfway", "mid\"dle", "two\nlines\r\nx", " \"b\" ", "back\\slash"], Values(data, "t"));
        Assert.Equal([2, 3, 4, 5, 8, 9], data.Rows.Select(row => row.Source.Line));
    }

    [Fact]
    public void Blank_lines_are_skipped_short_rows_filled_and_all_line_ends_understood()
    {
        DataSet data = Load("\uFEFFa,b\r\n1,2\r\r\n   \n3\n\n\"\",4");

        Assert.Equal([1.0, 3.0, null], Values(data, "a"));
        Assert.Equal([2.0, null, 4.0], Values(data, "b"));
        Assert.Equal([2, 5, 7], data.Rows.Select(row => row.Source.Line));
    }

    [Theory]
    [InlineData("007| 1|-5", 7L, 1L, -5L)]
    [InlineData("1||3", 1.0, null, 3.0)]
    [InlineData("1|1e3|.5", 1.0, 1000.0, 0.5)]
    [InlineData("inf|-Infinity|2", double.PositiveInfinity, double.NegativeInfinity, 2.0)]
    [InlineData("True|false|NA", true, false, null)]
    [InlineData("True|1|0", "True", "1", "0")]
    [InlineData("0x10|1|2", "0x10", "1", "2")]
    [InlineData("none|None|Null", "none", null, "Null")]
    [InlineData("1_0|1|2", "1_0", "1", "2")]
    [InlineData("99999999999999999999|1|2", "99999999999999999999", "1", "2")]
    [InlineData("NA|N/A|\"null\"", null, null, null)]
    public void Types_are_found_over_the_whole_column(string values, object? first, object? second, object? third)
        => Assert.Equal([first, second, third], Values(Load($"a,z\n{string.Join('\n', values.Split('|').Select(value => value + ",z"))}\n"), "a"));

    [Fact]
    public void Unsigned_64_bit_integers_keep_their_digits()
        => Assert.Equal([BigInteger.Parse("18446744073709551615"), 1L], Values(Load("a\n18446744073709551615\n1\n"), "a"));

    [Fact]
    public void Names_are_made_unique()
        => Assert.Equal(["a", "a.1", "Unnamed: 2", "a.2", "b"], Load("a,a,,a,b\n1,2,3,4,5\n").Columns);

    [Fact]
    public void Header_names_and_separator_can_be_given()
    {
        Assert.Equal(["x", "y"], Load("1;2\n", new DataSetOptions { Sep = ';', Names = ["x", "y"] }).Columns);
        Assert.Equal(["0", "1"], Load("1,2\n", new DataSetOptions { Header = DataSetOptions.NoHeader }).Columns);
        Assert.Equal(["x"], Load("title\na\n1\n", new DataSetOptions { Header = 1, Names = ["x"] }).Columns);
        Assert.Equal(["a", "b"], DataSet.Load([_folder.Write("a.tsv", "a\tb\n1\t2\n")]).Columns);
        Assert.Throws<ArgumentException>(() => Load("1,2\n", new DataSetOptions { Names = ["x", "x"] }));
        Assert.Throws<ArgumentException>(() => Load("1,2\n", new DataSetOptions { Sep = 'ü' }));
    }

    [Fact]
    public void A_field_more_in_every_row_is_an_index_and_a_warning()
    {
        DataSet data = Load("a,b\n1,2,\n3,4,\n");

        Assert.Equal([2L, 4L], Values(data, "a"));
        Assert.Contains("one field more", data.Warnings.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_row_that_is_too_long_is_named_and_can_be_skipped()
    {
        string path = _folder.Write("a.csv", "a,b\n1,2\n3,4,5\n6,7\n");

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DataSet.Load([path]));

        Assert.StartsWith($"{path}:3: 3 fields, but there are 2 columns", error.Message, StringComparison.Ordinal);
        DataSet data = DataSet.Load([path], new DataSetOptions { BadRows = BadRowPolicy.Skip });
        Assert.Equal([1L, 6L], Values(data, "a"));
        Assert.Equal(3, data.SkippedRows.Single().Source.Line);
    }

    [Fact]
    public void A_quote_that_never_closes_is_named_where_it_opens()
    {
        string path = _folder.Write("a.csv", "a,b\n\"x\ny\",\"open\n2,3\n");

        Assert.StartsWith($"{path}:3:4: this quote is never closed", Assert.Throws<InvalidDataException>(() => DataSet.Load([path])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_named()
    {
        string path = _folder.Write("a.csv", [.. "a,b\n1,x"u8, 0xE4, .. "y\n"u8]);

        Assert.StartsWith($"{path}:2:4: not UTF-8: byte 0xE4 at offset 7 ", Assert.Throws<InvalidDataException>(() => DataSet.Load([path])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no header line")]
    [InlineData("a,b\n", "no rows")]
    public void Empty_files_are_refused(string text, string says)
        => Assert.Contains(says, Assert.Throws<InvalidDataException>(() => Load(text)).Message, StringComparison.Ordinal);

    private static object?[] Values(DataSet data, string column) => [.. data.Rows.Select(row => row[column])];

    private DataSet Load(string text, DataSetOptions? options = null) => DataSet.Load([_folder.Write("a.csv", text)], options);
}
