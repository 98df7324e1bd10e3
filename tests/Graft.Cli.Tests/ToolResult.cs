using System.Text.Json;

namespace Graft.Cli.Tests;

/// <summary>What a run of the tool gave.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Results">stdout.</param>
/// <param name="Progress">stderr.</param>
internal sealed record ToolResult(int Code, string Results, string Progress)
{
    /// <summary>The JSON objects on stdout, a line each.</summary>
    public IReadOnlyList<JsonElement> Events => [.. Results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    /// <summary>The last object, which is the summary.</summary>
    public JsonElement Summary
    {
        get
        {
            JsonElement last = Events[^1];
            Assert.Equal("summary", last.GetProperty("event").GetString());
            return last;
        }
    }

    /// <summary>Messages of the findings of a severity.</summary>
    public IReadOnlyList<string> Findings(string severity)
        => [.. Named("finding").Where(finding => finding.GetProperty("severity").GetString() == severity).Select(finding => finding.GetProperty("message").GetString()!)];

    /// <summary>The objects of a kind.</summary>
    public IEnumerable<JsonElement> Named(string name) => Events.Where(item => item.GetProperty("event").GetString() == name);

    /// <summary>A fact of an inspection.</summary>
    public JsonElement Fact(string name) => Summary.GetProperty("facts").GetProperty(name);
}
