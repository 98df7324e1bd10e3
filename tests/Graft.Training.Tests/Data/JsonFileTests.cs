using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class JsonFileTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("[\n {\"a\": 1},\n {\"a\": 2}\n]", new[] { 2, 3 })]
    [InlineData("{\"a\": 1}", new[] { 1 })]
    [InlineData("{\"a\": 1}{\"a\": 2}\n {\"a\":\n3}", new[] { 1, 1, 2 })]
    public void Arrays_and_objects_one_after_the_other(string text, int[] lines)
    {
        DataSet data = DataSet.Load([_folder.Write("a.json", text)]);

        Assert.Equal(lines, data.Rows.Select(row => row.Source.Line));
        Assert.Equal(lines.Select((_, i) => (object)(i + 1L)), data.Rows.Select(row => row["a"]));
    }

    [Fact]
    public void Rows_can_stand_under_a_key()
    {
        string path = _folder.Write("a.json", "{\"version\": [1, {}], \"data\": [{\"a\": 1}], \"more\": 2}");

        Assert.Equal(1L, DataSet.Load([path], new DataSetOptions { Field = "data" }).Rows.Single()["a"]);
        string message = Assert.Throws<InvalidDataException>(() => DataSet.Load([path], new DataSetOptions { Field = "dat" })).Message;
        Assert.Contains("did you mean 'data'?", message, StringComparison.Ordinal);
        Assert.Contains("fields: version, data, more", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_object_of_lists_is_one_row()
        => Assert.Equal(["x", "y"], (IReadOnlyList<object?>)DataSet.Load([_folder.Write("a.json", "{\"t\": [\"x\", \"y\"]}")]).Rows.Single()["t"]!);

    [Fact]
    public void Errors_name_line_and_column_and_rows_that_are_no_objects_can_be_skipped()
    {
        string truncated = _folder.Write("truncated.json", "[{\"a\": 1},\n {\"ä\"");
        string scalars = _folder.Write("scalars.json", "[1,\n {\"a\": 1},\n [2]]");

        Assert.StartsWith($"{truncated}:2:6: ", Assert.Throws<InvalidDataException>(() => DataSet.Load([truncated])).Message, StringComparison.Ordinal);
        Assert.StartsWith($"{scalars}:1:2: ", Assert.Throws<InvalidDataException>(() => DataSet.Load([scalars])).Message, StringComparison.Ordinal);
        DataSet data = DataSet.Load([scalars], new DataSetOptions { BadRows = BadRowPolicy.Skip });
        Assert.Equal([1, 3], data.SkippedRows.Select(row => row.Source.Line));
        Assert.Equal(2, data.Rows.Single().Source.Line);
    }
}
