using Graft.Cli.Commands;

namespace Graft.Cli.CommandLine;

/// <summary>All verbs, in the order of <c>--help</c>. A new one is a file in <c>Commands</c> and a line here.</summary>
internal static class Verbs
{
    private static readonly (string Name, Func<Verb> Create)[] Known =
    [
        ("quickstart", () => new QuickstartCommand()),
        ("train", () => new TrainCommand()),
        ("preview", () => new PreviewCommand()),
        ("plan", () => new PlanCommand()),
        ("eval", () => new EvalCommand()),
        ("generate", () => new GenerateCommand()),
        ("merge", () => new MergeCommand()),
        ("quantize", () => new QuantizeCommand()),
        ("convert", () => new ConvertCommand()),
        ("inspect", () => new InspectCommand()),
        ("runs", () => new RunsCommand()),
        ("init", () => new InitCommand()),
        ("bench", () => new BenchCommand()),
        ("doctor", () => new DoctorCommand()),
    ];

    /// <summary>Every verb, by the word on the command line that means it.</summary>
    public static IEnumerable<(string Name, Verb Verb)> All => Known.Select(known => (known.Name, known.Create()));

    /// <summary>The verbs that a command line may mean: the one that it begins with, else all. Options of the others, hundreds of objects, are not made then.</summary>
    /// <param name="args">The command line.</param>
    public static IEnumerable<Verb> Meant(string[] args)
        => Array.Find(Known, known => args.Length > 0 && known.Name == args[0]) is { Create: { } create } ? [create()] : All.Select(known => known.Verb);
}
