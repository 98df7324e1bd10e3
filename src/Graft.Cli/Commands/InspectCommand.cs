using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Inspection;

namespace Graft.Cli.Commands;

/// <summary><c>graft inspect</c>: what a file or folder is, what would load, what would not, and why.</summary>
internal sealed class InspectCommand : Verb
{
    private readonly Argument<string> _path = new("PATH") { Description = "model, adapter, checkpoint or run folder; data, safetensors, torch or GGUF file; tokenizer.json" };
    private readonly Option<string?> _model = new("--model") { Description = "base model (folder or GGUF file) that an adapter is to fit (default: the one that it names)", HelpName = "FOLDER" };
    private readonly Option<bool> _values = new("--values") { Description = "read every weight of a model or weight file, to find NaN and infinity (adapters: always)" };
    private readonly Option<bool> _all = new("--all") { Description = "print long tables and lists whole" };

    private readonly QuantizationFlags _quantization = new();

    /// <inheritdoc/>
    public override string Name => "inspect";

    /// <inheritdoc/>
    public override string Description => "say what a model, adapter, checkpoint, dataset or weight file is, and whether it loads";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_path);
        command.Options.Add(_model);
        command.Options.Add(_values);
        command.Options.Add(_all);
        _quantization.AddTo(command);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        InspectionReport report = Inspector.Inspect(parsed.GetRequiredValue(_path), new InspectionOptions(parsed.GetValue(_model), parsed.GetValue(_values), _quantization.Load(parsed, adapterFolder: null)));
        new ReportWriter(output, parsed.GetValue(_all)).Write(report);
        return Task.FromResult(report.Loads ? ExitCode.Success : ExitCode.Failure);
    }
}
