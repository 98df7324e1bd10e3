namespace Graft.Peft.Tests.Configuration;

public class PythonJsonTests
{
    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(1.0, "1.0")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(1e-5, "1e-05")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1.25e300, "1.25e+300")]
    [InlineData(123456.789, "123456.789")]
    public void Floats_are_written_as_python_writes_them(double value, string expected) => Assert.Equal(expected, PythonJson.Float(value));

    [Fact]
    public void Objects_are_sorted_lists_are_not_and_text_is_ascii()
    {
        string json = PythonJson.Write(new Dictionary<string, object?> { ["b"] = new object?[] { 2, 1, null, true }, ["a"] = "ü\n\"\\", ["c"] = Array.Empty<int>(), ["B"] = new Dictionary<string, object?>() });
        Assert.Equal("{\n  \"B\": {},\n  \"a\": \"\\u00fc\\n\\\"\\\\\",\n  \"b\": [\n    2,\n    1,\n    null,\n    true\n  ],\n  \"c\": []\n}", json);
    }

    [Fact]
    public void An_ordered_object_keeps_its_order()
        => Assert.Equal("{\n  \"z\": 1,\n  \"a\": 2\n}", PythonJson.Write(new PythonJson.Ordered([KeyValuePair.Create("z", (object?)1), KeyValuePair.Create("a", (object?)2)])));
}
