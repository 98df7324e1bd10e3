using System.Numerics;
using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class JsonLinesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_keep_their_values_and_their_lines()
    {
        string path = _folder.Write("a.jsonl", "\uFEFF{\"a\": 1, \"b\": [true, null, \"x\"]}\r\n\r\n   \n{\"c\": {\"z\": 1, \"y\": 2.5}, \"a\": 12345678901234567890}");

        DataSet data = DataSet.Load([path]);

        Assert.Equal(["a", "b", "c"], data.Columns);
        Assert.Equal([1, 4], data.Rows.Select(row => row.Source.Line));
        Assert.Equal(1L, data.Rows[0]["a"]);
        Assert.Equal([true, null, "x"], Assert.IsAssignableFrom<IReadOnlyList<object?>>(data.Rows[0]["b"]));
        Assert.Null(data.Rows[0]["c"]);
        Assert.Equal(BigInteger.Parse("12345678901234567890"), data.Rows[1]["a"]);
        Assert.Equal(["z", "y"], Assert.IsAssignableFrom<IReadOnlyDictionary<string, object?>>(data.Rows[1]["c"]).Keys);
        Assert.Equal($"{path}:4", data.Rows[1].Source.ToString());
    }

    [Fact]
    public void One_float_makes_a_column_of_floats_but_mixed_columns_stay_as_written()
    {
        string path = _folder.Write("a.jsonl", """
            {"n": 1, "l": [1, 2], "o": {"x": 1}, "m": 1, "k": {"x": 1}}
            {"n": 2.5, "l": [0.5], "o": {"x": 0.5}, "m": "x", "k": {"y": 0.5}}
            """);

        Row row = DataSet.Load([path]).Rows[0];

        Assert.Equal(1.0, row["n"]);
        Assert.Equal([1.0, 2.0], (IReadOnlyList<object?>)row["l"]!);
        Assert.Equal(1.0, ((IReadOnlyDictionary<string, object?>)row["o"]!)["x"]);
        Assert.Equal(1L, row["m"]);
        Assert.Equal(1L, ((IReadOnlyDictionary<string, object?>)row["k"]!)["x"]);
    }

    [Theory]
    [InlineData("{\"a\": 1}\n{\"a\": 2,}\n", 2, 9, "not valid JSON")]
    [InlineData("{\"ü\": 1,}\n", 1, 9, "not valid JSON")]
    [InlineData("{'a': 1}", 1, 2, "double quotes")]
    [InlineData("{\"a\": NaN}", 1, 7, "no NaN")]
    [InlineData("{\"a\": True}", 1, 7, "small letters")]
    [InlineData("{\"a\": 1}\n[1, 2]", 2, 1, "this is a list")]
    [InlineData("[{\"a\": 1}]", 1, 1, "name it .json")]
    [InlineData("\"text\"", 1, 1, "this is a text")]
    [InlineData("{\"a\": 1} {\"a\": 2}", 1, 10, "more JSON")]
    [InlineData("{\"a\": \"\\ud83c\"}", 1, 7, "surrogate")]
    [InlineData("{\"a\": 1}\n{\"a\": 2, \"b\"", 2, 13, "not valid JSON")]
    [InlineData("{\"a\": \"x\n", 1, 9, "not valid JSON")]
    public void A_bad_line_is_named_with_its_column(string text, int line, int column, string says)
    {
        string path = _folder.Write("bad.jsonl", text);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DataSet.Load([path]));

        Assert.StartsWith($"{path}:{line}:{column}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_utf8_are_named()
    {
        string path = _folder.Write("bad.jsonl", [.. "{\"a\": \"x\"}\n{\"a\": \"ü"u8, 0xFF, .. "\"}\n"u8]);

        InvalidDataException error = Assert.Throws<InvalidDataException>(() => DataSet.Load([path]));

        Assert.Equal($"{path}:2:9: not UTF-8: byte 0xFF at offset 20 of the text; save the file as UTF-8", error.Message);
    }

    [Fact]
    public void Bad_lines_can_be_skipped_and_are_listed()
    {
        string path = _folder.Write("some.jsonl", [.. "{\"a\": 1}\nnonsense\n"u8, 0xC3, .. "\n{\"a\": 2}\n"u8]);

        DataSet data = DataSet.Load([path], new DataSetOptions { BadRows = BadRowPolicy.Skip });

        Assert.Equal([1L, 2L], data.Rows.Select(row => row["a"]));
        Assert.Equal([2, 3], data.SkippedRows.Select(row => row.Source.Line));
        Assert.Contains("not UTF-8", data.SkippedRows[1].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n  \n")]
    public void No_rows_are_an_error(string text)
    {
        string path = _folder.Write("empty.jsonl", text);

        Assert.Equal($"no rows in {path}", Assert.Throws<InvalidDataException>(() => DataSet.Load([path])).Message);
    }

    [Fact]
    public void When_all_rows_are_skipped_the_error_says_why()
    {
        string path = _folder.Write("bad.jsonl", "1\n");

        string message = Assert.Throws<InvalidDataException>(() => DataSet.Load([path], new DataSetOptions { BadRows = BadRowPolicy.Skip })).Message;

        Assert.Contains("1 skipped, the first: ", message, StringComparison.Ordinal);
        Assert.Contains("this is a number", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_columns_are_refused_with_the_nearest_name()
    {
        string path = _folder.Write("a.jsonl", "{\"quote\": 1, \"tags\": 2}");

        ArgumentException error = Assert.Throws<ArgumentException>(() => DataSet.Load([path]).Rows[0]["quotes"]);

        Assert.Contains("did you mean 'quote'?", error.Message, StringComparison.Ordinal);
    }
}
