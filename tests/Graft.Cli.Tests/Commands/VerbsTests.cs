using System.Diagnostics;
using Graft.Cli.CommandLine;

namespace Graft.Cli.Tests;

public class VerbsTests
{
    [Fact]
    public void Every_word_makes_the_verb_of_that_name_and_no_other()
    {
        Assert.NotEmpty(Verbs.All);
        foreach ((string name, Verb verb) in Verbs.All)
        {
            Assert.Equal(name, verb.Name);
            Assert.Equal(verb.GetType(), Assert.Single(Verbs.Meant([name, "--json"])).GetType());
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("--json", "doctor")]
    [InlineData("@arguments.txt")]
    [InlineData("[suggest]", "tr")]
    [InlineData("trian")]
    public void A_line_that_begins_otherwise_may_mean_any(params string[] args) => Assert.Equal(Verbs.All.Count(), Verbs.Meant(args).Count());

    [Theory]
    [InlineData("GRAFT_ISA", "nonsense", "known are scalar, vector128, avx2, avx512 and amx")]
    [InlineData("GRAFT_JIT", "maybe", "known are on and off")]
    public async Task A_switch_that_is_not_known_is_an_error_that_lists_what_is(string variable, string value, string expected)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(GraftTool).Assembly.Location, "doctor"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[variable] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(ExitCode.Failure, process.ExitCode);
        Assert.StartsWith($"graft: {variable}={value}: {expected}", await error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", await error, StringComparison.Ordinal);
        Assert.Empty(await output);
    }
}
