using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Folders;
using Graft.Cli.Rendering;
using Graft.Models;
using Graft.Text;
using Graft.Training.Data;

namespace Graft.Cli.Commands;

/// <summary><c>graft preview</c>: what the model will see. Rendered rows, their tokens, which of them are learnt, and how long all samples are.</summary>
internal sealed class PreviewCommand : Verb
{
    private readonly RunFlags _flags = new();
    private readonly Option<int> _rows = new("--rows") { Description = "how many rows to show", DefaultValueFactory = _ => 3 };

    /// <inheritdoc/>
    public override string Name => "preview";

    /// <inheritdoc/>
    public override string Description => "what the model will see: rendered samples, tokens, which of them are learnt, lengths";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        _flags.AddTo(command);
        command.Options.Add(_rows);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        int count = parsed.GetValue(_rows);
        if (count < 0)
        {
            throw new UsageException($"--rows must not be negative, but is {count}");
        }

        RunConfiguration configuration = _flags.Load(parsed);
        Notes.Write(output, configuration.Notes);
        ModelFamilies.Of(ModelPath.Config(PreparedRun.ExistingModelPath(configuration)), out ModelConfig model);
        Tokenizer tokenizer = PreparedRun.LoadTokenizer(configuration);
        RunData data = RunData.Load(configuration, tokenizer, model);
        Notes.Write(output, data.Warnings);
        IReadOnlyList<SamplePreview> samples = SamplePreview.First(count, data.Rows, data.Template, new TokenizerEncoder(tokenizer), data.Options);
        PreviewReport.Write(output, data, samples, tokenizer);
        return Task.FromResult(ExitCode.Success);
    }
}
