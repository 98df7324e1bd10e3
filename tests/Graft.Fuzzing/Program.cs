using System.Diagnostics;
using System.Globalization;

namespace Graft.Fuzzing;

/// <summary><c>dotnet run -c Release --project tests/Graft.Fuzzing -- [--inputs N] [--first N] [--seed N] [--save FOLDER] [TARGET ...]</c></summary>
public static class Program
{
    /// <summary>Gives each reader N damaged files; exit code 0 when all were read or refused as they should, 1 otherwise, 2 for wrong usage.</summary>
    public static int Main(string[] args)
    {
        (long inputs, long first, int seed, string? save) = (1_000_000, 0, 1, null);
        IReadOnlyList<IFuzzTarget> targets = FuzzTargets.All();
        var chosen = new List<IFuzzTarget>();
        for (int i = 0; i < args.Length; i++)
        {
            string? value = args.ElementAtOrDefault(i + 1);
            bool isUnderstood = args[i] switch
            {
                "--inputs" => long.TryParse(value, CultureInfo.InvariantCulture, out inputs),
                "--first" => long.TryParse(value, CultureInfo.InvariantCulture, out first),
                "--seed" => int.TryParse(value, CultureInfo.InvariantCulture, out seed),
                "--save" => (save = value) is not null,
                string name => targets.Any(target => target.Name == name),
            };
            if (!isUnderstood)
            {
                Console.Error.WriteLine($"'{args[i]}' is not understood; usage: [--inputs N] [--first N] [--seed N] [--save FOLDER] [{string.Join('|', targets.Select(target => target.Name))} ...]");
                return 2;
            }

            if (args[i].StartsWith("--", StringComparison.Ordinal))
            {
                i++;
            }
            else
            {
                chosen.Add(targets.First(target => target.Name == args[i]));
            }
        }

        int findings = 0;
        foreach (IFuzzTarget target in chosen.Count > 0 ? chosen : targets)
        {
            findings += Run(target, first, inputs, seed, save);
        }

        return findings == 0 ? 0 : 1;
    }

    private static int Run(IFuzzTarget target, long first, long inputs, int seed, string? save)
    {
        string folder = Directory.CreateTempSubdirectory("graft-fuzzing-").FullName;
        try
        {
            var fuzzer = new Fuzzer(target, seed, folder);
            long start = Stopwatch.GetTimestamp();
            fuzzer.Run(first, inputs, Environment.ProcessorCount);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Console.WriteLine($"{target.Name,-14} {inputs,12:N0} inputs, {fuzzer.Refused,12:N0} refused with a reason, {fuzzer.Findings.Count} faults, {seconds:F0} s");
            foreach (Finding finding in fuzzer.Findings)
            {
                Console.WriteLine($"  input {finding.Input}: {finding.Fault}");
                if (save is not null)
                {
                    Directory.CreateDirectory(save);
                    File.WriteAllBytes(Path.Combine(save, $"{target.Name}-{finding.Input}"), fuzzer.Input(finding.Input));
                }
            }

            return fuzzer.Findings.Count;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
