using System.Text.Json;

namespace Graft.Cli.Tests.Commands;

public sealed class PreviewCommandTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void Brackets_what_is_learnt()
    {
        ToolRun run = Workshop.Run("preview", workshop.Settings, "--template", "{quote} ->:{|} {tags}", "--rows", "2");
        Assert.True(run.Code == 0, run.Errors);
        string[] lines = run.Results.Split('\n');
        Assert.StartsWith($"{workshop.Data}:1  ", lines[0]);
        Assert.Equal("  the cat saw 0 dogs ->:[[ cat, t0</s>]]", lines[1].Replace("|", string.Empty));
        Assert.Contains("|", lines[1]);
        Assert.StartsWith($"{workshop.Data}:2  ", lines[3]);
        Assert.Contains("24 samples:", run.Results);
        Assert.Contains("█", run.Results);
        Assert.DoesNotContain('\u001b', run.Results);
    }

    [Fact]
    public void Says_what_is_cut_and_left_out()
    {
        ToolRun cut = Workshop.Run("preview", workshop.Settings, "--max_length", "6", "--rows", "1");
        Assert.Contains("cut to 6", cut.Results);
        Assert.Contains("24 samples were cut to max_length 6", cut.Errors);
        int longest = Workshop.Run("preview", workshop.Settings, "--json").Event("summary").GetProperty("max").GetInt32();
        ToolRun dropped = Workshop.Run("preview", workshop.Settings, "--max_length", $"{longest - 1}", "--long_rows", "drop", "--json", "--rows", "24");
        JsonElement summary = dropped.Event("summary");
        Assert.Equal(24, summary.GetProperty("samples").GetInt32() + summary.GetProperty("too_long").GetInt32());
        Assert.InRange(summary.GetProperty("too_long").GetInt32(), 1, 23);
        Assert.Contains(dropped.Events, e => e.GetProperty("event").GetString() == "sample" && e.GetProperty("left_out").GetString() is not null);
    }

    [Fact]
    public void Json_has_the_tokens()
    {
        ToolRun run = Workshop.Run("preview", workshop.Settings, "--json", "--rows", "1");
        JsonElement sample = run.Event("sample");
        Assert.Equal("the cat saw 0 dogs ->: cat, t0", sample.GetProperty("text").GetString());
        JsonElement[] tokens = [.. sample.GetProperty("tokens").EnumerateArray()];
        Assert.Equal(sample.GetProperty("length").GetInt32(), tokens.Length);
        Assert.False(tokens[0].GetProperty("trained").GetBoolean());
        Assert.All(tokens[1..], token => Assert.True(token.GetProperty("trained").GetBoolean()));
        Assert.Equal(24, run.Event("summary").GetProperty("histogram").EnumerateArray().Sum(bin => bin.GetProperty("count").GetInt32()));
    }

    [Fact]
    public void Needs_no_weights()
    {
        string bare = workshop.NewPath("bare");
        Directory.CreateDirectory(bare);
        foreach (string name in new[] { "config.json", "tokenizer.json", "tokenizer_config.json" })
        {
            File.Copy(Path.Combine(workshop.Model, name), Path.Combine(bare, name));
        }

        Assert.Equal(0, Workshop.Run("preview", workshop.Settings, "--model", bare).Code);
    }

    [Fact]
    public void A_token_beyond_the_embedding_is_refused()
    {
        string small = workshop.NewPath("small");
        Directory.CreateDirectory(small);
        File.Copy(Path.Combine(workshop.Model, "tokenizer.json"), Path.Combine(small, "tokenizer.json"));
        File.WriteAllText(Path.Combine(small, "config.json"), File.ReadAllText(Path.Combine(workshop.Model, "config.json")).Replace("300", "100"));
        ToolRun run = Workshop.Run("preview", workshop.Settings, "--model", small);
        Assert.Equal(1, run.Code);
        Assert.Contains("the model's embedding has 100 rows", run.Errors);
    }
}
