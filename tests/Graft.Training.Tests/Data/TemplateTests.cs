using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class TemplateTests
{
    [Theory]
    [InlineData("“{quote}” ->: {tags}", "“be”🌱 yourself” ->: a, b")]
    [InlineData("{{{tags|; }}} {n} {f} {t}", "{a; b} 3 1.0 True")]
    [InlineData("{tags|\\n}", "a\nb")]
    [InlineData("{meta.page} {meta.authors.1} {a.b}", "7 Y dotted")]
    [InlineData("{meta}", "{\"page\":7,\"authors\":[\"X\",\"Y\"],\"f\":0.5,\"none\":null}")]
    public void Placeholders_are_filled(string template, string expected)
        => Assert.Equal(expected, Template.Parse(template).Render(Row()).Text);

    [Fact]
    public void Spans_say_in_code_points_which_column_made_what()
    {
        RenderedText text = Template.Parse("“{quote}” ->: {|}{tags}").Render(Row());

        Assert.Equal([new TextSpan(1, 14, "quote"), new TextSpan(20, 24, "tags")], text.Spans);
        Assert.Equal("a, b", text.Text[text.CompletionStart!.Value..]);
    }

    [Theory]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(double.NaN, "nan")]
    public void Floats_are_written_as_python_does(double value, string expected)
        => Assert.Equal(expected, Template.OfColumn("x").Render(Row(("x", value))).Text);

    [Fact]
    public void A_missing_column_is_named_with_the_row_and_the_nearest_name()
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Template.Parse("{qoute}").Render(Row()));

        Assert.StartsWith("rows:1: template '{qoute}': there is no column 'qoute'; did you mean 'quote'?; columns: quote, tags, ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{nothing}", "'nothing' is null")]
    [InlineData("{holes}", "'holes' is null")]
    [InlineData("{meta.pages}", "did you mean 'page'?")]
    [InlineData("{tags.5}", "the list of 2 has no element '5'")]
    [InlineData("{n.x}", "neither an object nor a list")]
    public void Null_is_an_error_or_nothing(string template, string says)
    {
        Row row = Row(("nothing", null), ("holes", new List<object?> { "a", null, "b" }));

        string message = Assert.Throws<InvalidDataException>(() => Template.Parse(template).Render(row)).Message;

        Assert.StartsWith("rows:1: ", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.Equal(template == "{holes}" ? "a, b" : string.Empty, Template.Parse(template).Render(row, NullPolicy.Empty).Text);
    }

    [Theory]
    [InlineData("a {b", "character 3: '{' is never closed")]
    [InlineData("a } b", "character 3: '}' without '{'")]
    [InlineData("{}", "without a column")]
    [InlineData("{ |x}", "without a column")]
    [InlineData("{a {b}", "inside a placeholder")]
    [InlineData("{|}{|}", "second {|}")]
    public void Wrong_templates_are_refused(string template, string says)
        => Assert.Contains(says, Assert.Throws<ArgumentException>(() => Template.Parse(template)).Message, StringComparison.Ordinal);

    private static Row Row(params (string, object?)[] more)
    {
        var values = new OrderedDictionary<string, object?>
        {
            ["quote"] = "be”🌱 yourself",
            ["tags"] = new List<object?> { "a", "b" },
            ["n"] = 3L,
            ["f"] = 1.0,
            ["t"] = true,
            ["a.b"] = "dotted",
            ["meta"] = new OrderedDictionary<string, object?> { ["page"] = 7L, ["authors"] = new List<object?> { "X", "Y" }, ["f"] = 0.5, ["none"] = null },
        };
        foreach ((string name, object? value) in more)
        {
            values[name] = value;
        }

        return DataSet.FromRows([values]).Rows[0];
    }
}
