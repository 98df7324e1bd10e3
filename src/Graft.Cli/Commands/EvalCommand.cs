using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Evaluation;
using Graft.Cli.Folders;
using Graft.Cli.Rendering;
using Graft.Models;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Commands;

/// <summary><c>graft eval</c>: loss and perplexity on data; of an adapter beside its base model.</summary>
internal sealed class EvalCommand : Verb
{
    private readonly Argument<string> _path = new("PATH") { Description = "adapter folder, model folder, GGUF file, or the output folder of a run" };
    private readonly Option<string[]> _data = new("--data") { Description = "data files: JSONL, JSON, CSV, TSV or text", HelpName = "FILE", Required = true, AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _model = new("--model") { Description = "base model: folder or GGUF file (default: the one that the adapter names)", HelpName = "FOLDER" };
    private readonly EvaluationFlags _flags = new();
    private readonly QuantizationFlags _quantization = new();

    /// <inheritdoc/>
    public override string Name => "eval";

    /// <inheritdoc/>
    public override string Description => "measure loss and perplexity on data; an adapter and its base model side by side";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_path);
        command.Options.Add(_data);
        command.Options.Add(_model);
        _flags.AddTo(command);
        _quantization.AddTo(command);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string path = parsed.GetRequiredValue(_path);
        RunConfiguration configuration = _flags.Load(parsed, path);
        using LoadedModel loaded = LoadedModel.Load(path, parsed.GetValue(_model), _quantization.Load(parsed, path));
        LanguageModel model = loaded.Model.Base;
        DataSet data = DataSet.Load([.. parsed.GetRequiredValue(_data).SelectMany(file => DataPaths.Expand(file, "--data"))], configuration.ToDataSetOptions());
        int batchSize = configuration.Get(TrainingKeys.EvalBatchSize) is > 0 and int size ? size : throw new ArgumentException($"{TrainingKeys.EvalBatchSize.Name} must be at least 1");
        TokenizedDataSet samples = Tokenize(loaded, data, configuration);
        Notes.Write(output, configuration.Notes.Concat(Warnings(data, samples.Report)));
        output.Note($"{data.Rows.Count:N0} rows, {samples.Samples.Count:N0} samples, {samples.Statistics.TotalTokens:N0} tokens, {samples.Statistics.TrainableTokens:N0} of them measured");
        var measurements = new List<Measurement>();
        if (loaded.AdapterFolder is null)
        {
            measurements.Add(Measure("model", model, samples, batchSize, output, cancellationToken));
        }
        else
        {
            using (loaded.Model.DisableAdapters())
            {
                measurements.Add(Measure("base", model, samples, batchSize, output, cancellationToken));
            }

            measurements.Add(Measure("adapter", model, samples, batchSize, output, cancellationToken));
        }

        EvaluationReport.Write(output, measurements);
        if (measurements.Find(measurement => !double.IsFinite(measurement.Result.TokenLoss)) is { } broken)
        {
            throw new InvalidDataException($"the loss of the {broken.Name} is {broken.Result.TokenLoss}: its weights or its activations are not finite; graft inspect --values finds bad weights");
        }

        return Task.FromResult(ExitCode.Success);
    }

    private static TokenizedDataSet Tokenize(LoadedModel loaded, DataSet data, RunConfiguration configuration)
    {
        ModelConfig config = loaded.Model.Base.Config;
        ITextEncoder encoder = loaded.LoadTokenizer() is { } tokenizer ? new TokenizerEncoder(tokenizer)
            : data.Columns.Contains("input_ids") ? new NoEncoder()
            : throw new FileNotFoundException($"there is no tokenizer in {loaded.ModelPath}: texts need one; rows of token ids (input_ids) do not");
        SampleOptions options = configuration.ToSampleOptions(config.VocabularySize, config.MaximumPositions);
        return TokenizedDataSet.Create(data, configuration.ToTemplate(data.Columns), encoder, options with { MaxLength = options.MaxLength ?? config.MaximumPositions, EncoderDecoder = config as Seq2SeqConfig });
    }

    private static Measurement Measure(string name, LanguageModel model, TokenizedDataSet samples, int batchSize, Output output, CancellationToken cancellationToken)
    {
        using var tape = new Tape();
        var rows = new RowLosses();
        var evaluator = new Evaluator(model, tape) { OnSample = (_, loss) => rows.Add(loss) };
        EvaluationResult result = evaluator.Run(samples.Samples, batchSize, labelSmoothing: 0, new EvaluationProgress(output, name), cancellationToken);
        return new Measurement(name, result, rows, samples.Statistics.TotalTokens / Math.Max(result.Seconds, 1e-9));
    }

    /// <summary>What was left out or cut: it changes what the numbers mean.</summary>
    private static IEnumerable<string> Warnings(DataSet data, FitReport report)
    {
        foreach (string warning in data.Warnings)
        {
            yield return warning;
        }

        if (data.SkippedRows.Count > 0)
        {
            yield return $"{data.SkippedRows.Count} rows could not be read and were left out, the first: {data.SkippedRows[0].Reason}";
        }

        if (report.TruncatedSamples > 0)
        {
            yield return $"{report.TruncatedSamples} samples were cut to max_length; {report.LostTrainableTokens:N0} tokens are not measured";
        }

        if (report.Untrainable.Count > 0)
        {
            yield return $"{report.Untrainable.Count} samples were left out, the first: {report.Untrainable[0].Source}: {report.Untrainable[0].Reason}";
        }
    }

    /// <summary>For rows of token ids.</summary>
    private sealed class NoEncoder : ITextEncoder
    {
        public int? EosTokenId => null;

        public int? BosTokenId => null;

        public EncodedText Encode(string text) => throw new InvalidOperationException("rows of token ids need no tokenizer");
    }
}
