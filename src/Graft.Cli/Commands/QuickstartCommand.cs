using System.CommandLine;
using System.Diagnostics;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Quickstart;
using Graft.Cli.Rendering;
using Graft.Peft;
using Graft.Training;
using Spectre.Console;

namespace Graft.Cli.Commands;

/// <summary><c>graft quickstart</c>: trains the embedded model on the embedded maxims, and shows what changed.</summary>
internal sealed class QuickstartCommand : Verb
{
    private const int Shown = 8;

    private readonly Option<string> _output = new("--output_dir", "--output", "--output-dir") { Description = "folder for the adapter", HelpName = "FOLDER", DefaultValueFactory = _ => "graft-quickstart" };

    /// <inheritdoc/>
    public override string Name => "quickstart";

    /// <inheritdoc/>
    public override string Description => "train the embedded model on the embedded data, and show before and after";

    /// <inheritdoc/>
    protected override void Configure(Command command) => command.Options.Add(_output);

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        string folder = Path.GetFullPath(parsed.GetRequiredValue(_output));
        RunConfiguration configuration = Configuration(folder);
        using PreparedRun run = PreparedRun.Prepare(configuration, cancellationToken);
        (TrainingResult result, _) = TrainCommand.Execute(run, output, cancellationToken);
        if (result.Interrupted)
        {
            output.Line("stopped; it takes only a minute: graft quickstart");
            return Task.FromResult(ExitCode.Success);
        }

        output.Note("asking base model and adapter for the tags of maxims that neither has seen");
        MaximTest test = MaximTest.Run(run, configuration.Get(DataKeys.EvalDataset), cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        Show(output, test, folder, seconds);
        output.Event("summary", writer =>
        {
            writer.WriteNumber("base_f1", Math.Round(test.BaseF1, 4));
            writer.WriteNumber("adapter_f1", Math.Round(test.AdapterF1, 4));
            writer.WriteNumber("seconds", Math.Round(seconds, 2));
            writer.WriteString("output", folder);
        });
        return Task.FromResult(ExitCode.Success);
    }

    private static RunConfiguration Configuration(string folder)
    {
        bool isEarlierResult = File.Exists(Path.Combine(folder, AdapterConfig.FileName)) || File.Exists(Path.Combine(folder, RunConfiguration.FileName));
        RunConfiguration configuration = RunConfiguration.Load(QuickstartAssets.Configuration);
        configuration.Set(OutputKeys.OutputDir, folder);
        configuration.Set(OutputKeys.Overwrite, isEarlierResult);
        OutputFolder.Check(configuration);
        return configuration;
    }

    private static void Show(Output output, MaximTest test, string folder, double seconds)
    {
        if (output.IsJson)
        {
            foreach (Maxim maxim in test.Maxims.Take(Shown))
            {
                output.Event("sample", writer =>
                {
                    writer.WriteString("quote", maxim.Quote);
                    writer.WriteString("tags", string.Join(", ", maxim.Tags));
                    writer.WriteString("base", maxim.Base);
                    writer.WriteString("adapter", maxim.Adapter);
                });
            }

            return;
        }

        Table table = new Table().RoundedBorder().ShowRowSeparators()
            .AddColumn("unseen maxim").AddColumn("true tags").AddColumn("base model").AddColumn("with the adapter");
        foreach (Maxim maxim in test.Maxims.Take(Shown))
        {
            table.AddRow(Markup.Escape(maxim.Quote), Markup.Escape(string.Join(", ", maxim.Tags)), Markup.Escape(maxim.Base), Markup.Escape(maxim.Adapter));
        }

        output.Results.Write(table);
        output.Line($"tag F1 on {test.Maxims.Count} unseen maxims: base {test.BaseF1:F2}, adapter {test.AdapterF1:F2}   ({Units.Time(seconds)} in all)");
        output.Line();
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, folder);
        string shown = relative.StartsWith("..", StringComparison.Ordinal) ? folder : relative;
        output.Line($"The adapter is in {shown}: the files that PEFT reads. Next:");
        output.Line($"  graft generate --adapter {shown} --which both --prompt '\"The clock forgives nobody.\" ->:'");
        output.Line($"  graft inspect {shown}");
        output.Line($"  graft merge {shown} --into merged");
        output.Line("  graft train --model FOLDER --data rows.jsonl --template '{question}{|} {answer}' --output out     # your own model and data");
    }
}
