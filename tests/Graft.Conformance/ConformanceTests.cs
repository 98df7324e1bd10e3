namespace Graft.Conformance;

/// <summary>Every case that is at hand, as tests: one a case.</summary>
public sealed class ConformanceTests
{
    /// <summary>Case folders, by name.</summary>
    public static TheoryData<string> Cases()
    {
        var data = new TheoryData<string>();
        foreach (string root in CaseFolders.Default())
        {
            foreach (string folder in CaseFolders.Find(root))
            {
                data.Add(folder);
            }
        }

        if (data.Count == 0)
        {
            data.Add(string.Empty);
        }

        return data;
    }

    /// <summary>The case agrees, or says by name what is not supported yet.</summary>
    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Case(string folder)
    {
        Skip.If(folder.Length == 0, "no conformance cases here: put shared/conformance beside the repository or set GRAFT_CONFORMANCE");
        using ConformanceCase @case = ConformanceCase.Open(folder);
        CaseOutcome outcome = CaseRunners.Run(@case);
        Skip.If(outcome.Result == CaseResult.NotYet, $"not yet: {outcome.Message}");
        Assert.True(outcome.Result == CaseResult.Passed, outcome.Message);
    }
}
