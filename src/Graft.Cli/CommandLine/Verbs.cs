using Graft.Cli.Commands;

namespace Graft.Cli.CommandLine;

/// <summary>All verbs, in the order of <c>--help</c>. A new one is a file in <c>Commands</c> and a line here.</summary>
internal static class Verbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new QuickstartCommand(),
        new TrainCommand(),
        new PreviewCommand(),
        new PlanCommand(),
        new EvalCommand(),
        new GenerateCommand(),
        new MergeCommand(),
        new QuantizeCommand(),
        new ConvertCommand(),
        new InspectCommand(),
        new RunsCommand(),
        new InitCommand(),
        new BenchCommand(),
        new DoctorCommand(),
    ];
}
