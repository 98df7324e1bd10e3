using System.Text.Json;

namespace Graft.Conformance;

/// <summary><c>dotnet run -c Release --project tests/Graft.Conformance -- FOLDER [--filter TEXT] [--json]</c></summary>
public static class Program
{
    /// <summary>Runs every case below the folder; exit code 0 when none failed, 1 otherwise, 2 for wrong usage.</summary>
    public static int Main(string[] args)
    {
        string? folder = null;
        string? filter = null;
        bool json = false;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--json":
                    json = true;
                    break;
                case "--filter" when i + 1 < args.Length:
                    filter = args[++i];
                    break;
                default:
                    if (folder is not null || args[i].StartsWith('-'))
                    {
                        Console.Error.WriteLine($"unknown argument '{args[i]}'; usage: FOLDER [--filter TEXT] [--json]");
                        return 2;
                    }

                    folder = args[i];
                    break;
            }
        }

        if (folder is null || !Directory.Exists(folder))
        {
            Console.Error.WriteLine(folder is null ? "usage: FOLDER [--filter TEXT] [--json]" : $"no such folder: {folder}");
            return 2;
        }

        var report = new Report();
        foreach (string path in CaseFolders.Find(folder))
        {
            using ConformanceCase @case = ConformanceCase.Open(path);
            if (filter is not null && !@case.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) && !@case.Kind.Equals(filter, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            CaseOutcome outcome = CaseRunners.Run(@case);
            report.Add(@case, outcome);
            if (json)
            {
                Console.WriteLine(JsonSerializer.Serialize(new
                {
                    name = @case.Name,
                    result = Report.Word(outcome.Result),
                    worst = double.IsFinite(outcome.Worst) ? (object)outcome.Worst : "inf",
                    message = outcome.Message,
                }));
            }
            else if (outcome.Result != CaseResult.Passed || filter is not null)
            {
                Console.WriteLine($"{Report.Word(outcome.Result),-8} {@case.Name}  worst {outcome.Worst:G3}  {outcome.Message}");
            }
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { @event = "summary", passed = report.Passed, failed = report.Failed, not_yet = report.NotYet }));
        }
        else
        {
            report.WriteTable(Console.Out);
        }

        return report.Failed == 0 ? 0 : 1;
    }
}
