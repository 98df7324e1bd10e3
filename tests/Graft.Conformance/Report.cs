namespace Graft.Conformance;

/// <summary>Counts outcomes by area and kind.</summary>
public sealed class Report
{
    private readonly SortedDictionary<string, (int Passed, int Failed, int NotYet, double Worst)> _rows = new(StringComparer.Ordinal);

    /// <summary>Cases that agreed.</summary>
    public int Passed { get; private set; }

    /// <summary>Cases that differed.</summary>
    public int Failed { get; private set; }

    /// <summary>Cases that ask for what Graft does not do yet.</summary>
    public int NotYet { get; private set; }

    /// <summary>The word for a result in tables and JSON.</summary>
    public static string Word(CaseResult result) => result switch
    {
        CaseResult.Passed => "passed",
        CaseResult.Failed => "failed",
        _ => "not_yet",
    };

    /// <summary>Adds one outcome.</summary>
    public void Add(ConformanceCase @case, CaseOutcome outcome)
    {
        string key = $"{@case.Area} {@case.Kind}";
        (int passed, int failed, int notYet, double worst) = _rows.GetValueOrDefault(key);
        switch (outcome.Result)
        {
            case CaseResult.Passed:
                Passed++;
                passed++;
                worst = Math.Max(worst, outcome.Worst);
                break;
            case CaseResult.Failed:
                Failed++;
                failed++;
                break;
            default:
                NotYet++;
                notYet++;
                break;
        }

        _rows[key] = (passed, failed, notYet, worst);
    }

    /// <summary>Writes area, kind, counts and the worst error of the passed cases (1 = the tolerance).</summary>
    public void WriteTable(TextWriter writer)
    {
        writer.WriteLine($"{"area kind",-44} {"passed",7} {"failed",7} {"not yet",8} {"worst",8}");
        foreach ((string key, (int passed, int failed, int notYet, double worst)) in _rows)
        {
            writer.WriteLine($"{key,-44} {passed,7} {failed,7} {notYet,8} {worst,8:G2}");
        }

        writer.WriteLine($"{Passed} passed, {Failed} failed, {NotYet} not yet");
    }
}
