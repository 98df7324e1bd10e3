namespace Graft.PublicApi.Readmes;

/// <summary>The C# example of each package's README is, word for word, the code in <c>NAMEExample.cs</c>, which is compiled and run.</summary>
public sealed class ReadmeTests
{
    private const string Begin = "// The example begins.";
    private const string End = "// The example ends.";

    [Theory]
    [InlineData("Tensors")]
    [InlineData("Formats")]
    [InlineData("Text")]
    [InlineData("Models")]
    [InlineData("Peft")]
    [InlineData("Training")]
    [InlineData("Generation")]
    public void The_example_is_the_code_that_runs(string name)
    {
        string[] source = File.ReadAllLines(Path.Combine(Sources.Folder("Readmes"), $"{name}Example.cs"));
        string[] readme = File.ReadAllLines(Path.Combine(Sources.RepositoryRoot, "src", $"Graft.{name}", "README.md"));
        string[] block = [.. readme.SkipWhile(line => line != "```csharp").Skip(1).TakeWhile(line => line != "```")];
        Assert.NotEmpty(block);
        string[] usings = [.. block.TakeWhile(line => line.StartsWith("using Graft.", StringComparison.Ordinal))];
        Assert.All(usings, line => Assert.Contains(line, source));
        Assert.Equal(Body(source), block.Skip(usings.Length).SkipWhile(line => line.Length == 0));
    }

    private static IEnumerable<string> Body(string[] source)
    {
        string[] lines = [.. source.SkipWhile(line => line.Trim() != Begin).Skip(1).TakeWhile(line => line.Trim() != End)];
        int indent = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return lines.Select(line => line.Length == 0 ? line : line[indent..]);
    }
}
