using System.Reflection;

namespace Graft.PublicApi.Api;

/// <summary>A change of the public surface is made on purpose: it stands in a file that a reviewer sees.</summary>
/// <remarks>With <c>GRAFT_APPROVE_API=1</c> the tests write the files instead of comparing.</remarks>
public sealed class PublicApiTests
{
    private const int ShownLines = 20;

    [Theory]
    [InlineData("Graft.Tensors")]
    [InlineData("Graft.Formats")]
    [InlineData("Graft.Text")]
    [InlineData("Graft.Models")]
    [InlineData("Graft.Peft")]
    [InlineData("Graft.Training")]
    [InlineData("Graft.Generation")]
    public void The_public_surface_is_the_approved_one(string name)
    {
        string path = Path.Combine(Sources.Folder("Api"), $"{name}.approved.txt");
        string actual = ApiText.Of(Assembly.Load(name));
        if (Environment.GetEnvironmentVariable("GRAFT_APPROVE_API") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.True(File.Exists(path), $"{path} does not exist: run the tests once with GRAFT_APPROVE_API=1 and commit it");
        string[] approved = File.ReadAllText(path).ReplaceLineEndings("\n").Split('\n');
        string[] found = actual.Split('\n');
        string[] differences = [.. Qualified(approved).Except(Qualified(found)).Select(line => $"- {line}"), .. Qualified(found).Except(Qualified(approved)).Select(line => $"+ {line}")];
        Assert.True(differences.Length == 0, $"the public surface of {name} has changed; if that is meant, run the tests with GRAFT_APPROVE_API=1 and commit {Path.GetFileName(path)}\n{string.Join('\n', differences.Take(ShownLines))}");
    }

    /// <summary>Members with their type in front, so that a difference can be read by itself.</summary>
    private static IEnumerable<string> Qualified(string[] lines)
    {
        string type = string.Empty;
        foreach (string line in lines.Where(line => line.Length > 0))
        {
            if (!line.StartsWith(' '))
            {
                type = line.Split(" : ")[0];
                yield return line;
            }
            else
            {
                yield return $"{type}: {line.Trim()}";
            }
        }
    }
}
