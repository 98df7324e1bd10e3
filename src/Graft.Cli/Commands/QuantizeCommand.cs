using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Folders;
using Graft.Cli.Inspection;
using Graft.Cli.Merging;
using Graft.Cli.Rendering;
using Graft.Models;
using Graft.Tensors;
using Graft.Text;
using Spectre.Console;

namespace Graft.Cli.Commands;

/// <summary><c>graft quantize</c>: a model in 8 or 4 bits, as the folder that Transformers and bitsandbytes would save.</summary>
internal sealed class QuantizeCommand : Verb
{
    private readonly Argument<string> _path = new("MODEL") { Description = "model folder in full precision" };
    private readonly Option<string> _into = new("--into") { Description = "model folder to write", HelpName = "FOLDER", Required = true };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "write into a folder that is not empty" };
    private readonly Option<string?> _probe = new("--probe") { Description = "text to compare the logits before and after on", HelpName = "TEXT" };
    private readonly Option<string?> _dtype = new("--dtype") { Description = "take the weights as float32, bfloat16 or float16, and store so what is not quantised (default: as they are)" };
    private readonly QuantizationFlags _quantization = new();

    /// <inheritdoc/>
    public override string Name => "quantize";

    /// <inheritdoc/>
    public override string Description => "write a model in 8 or 4 bits, as Transformers and bitsandbytes save it";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_path);
        command.Options.Add(_into);
        command.Options.Add(_overwrite);
        command.Options.Add(_probe);
        command.Options.Add(_dtype);
        _quantization.AddTo(command);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string path = parsed.GetRequiredValue(_path);
        string into = parsed.GetRequiredValue(_into);
        QuantizationConfig quantization = _quantization.Load(parsed, adapterFolder: null) ?? throw new UsageException("say how: --load-in-4bit or --load-in-8bit");
        DType? dtype = parsed.GetValue(_dtype) is { } name ? WeightTypes.Parse(name, "--dtype") : null;
        if (Path.GetFullPath(path) == Path.GetFullPath(into))
        {
            throw new IOException($"{into} is what is being quantised: choose another folder");
        }

        using LoadedModel loaded = LoadedModel.Load(path, basePath: null);
        RequirePlain(path, loaded);
        using var staged = new StagedFolder(into, parsed.GetValue(_overwrite));
        Tokenizer? tokenizer = loaded.LoadTokenizer();
        LanguageModel model = loaded.Model.Base;
        using LogitsProbe probe = LogitsProbe.Create(model, tokenizer, parsed.GetValue(_probe) ?? LogitsProbe.DefaultText);
        float[] before = probe.Logits(model);
        long bytesBefore = StorageText.BytesOf(model);
        WeightDrift weights = Quantize(model, quantization, dtype);
        RequireQuantized(model);
        cancellationToken.ThrowIfCancellationRequested();
        output.Note($"writing {into}");
        loaded.Model.SaveModel(staged.Path, dtype: dtype);
        tokenizer?.Save(staged.Path);
        LogitsDrift logits;
        using (LanguageModel written = LanguageModel.Load(staged.Path))
        {
            logits = LogitsDrift.Between(before, before, probe.Logits(written), probe.Length, DType.Float32);
        }

        staged.Publish();
        Write(output, into, model, (bytesBefore, StorageText.BytesOf(model)), weights, logits);
        return Task.FromResult(ExitCode.Success);
    }

    private static WeightDrift Quantize(LanguageModel model, QuantizationConfig quantization, DType? dtype)
    {
        IReadOnlyDictionary<WeightSlot, Parameter> before = WeightDrift.Snapshot(model);
        Dictionary<WeightSlot, LinearLayout> layouts = model.NamedModules().OfType<Linear>().ToDictionary(layer => layer.Weight, layer => layer.Layout);
        ModelQuantization.Quantize(model, quantization, dtype);
        HashSet<WeightSlot> turned = [.. model.NamedModules().OfType<Linear>().Where(layer => layouts[layer.Weight] != layer.Layout).Select(layer => layer.Weight)];
        return WeightDrift.Between(model, before, turned);
    }

    private static void RequirePlain(string path, LoadedModel loaded)
    {
        if (loaded.AdapterFolder is not null)
        {
            throw new ArgumentException($"{path} is an adapter: graft merge makes a model of it, which can be quantised");
        }

        if (StorageText.Of(loaded.Model.Base) is { } formats)
        {
            throw new ArgumentException($"{path} is quantised already ({formats}): graft convert {path} --dtype float32 writes it in full precision first");
        }
    }

    private static void RequireQuantized(LanguageModel model)
    {
        if (StorageText.Of(model) is null)
        {
            throw new ArgumentException($"llm_int8_skip_modules leaves nothing to quantise: it keeps {string.Join(", ", model.Quantization?.LlmInt8SkipModules ?? [])}");
        }
    }

    private static void Write(Output output, string into, LanguageModel model, (long Before, long After) bytes, WeightDrift weights, LogitsDrift logits)
    {
        string[] kept = [.. model.NamedModules().OfType<Linear>().Where(layer => layer.Weight.Original.Quantized is null).Select(layer => layer.Name)];
        output.Line($"{into}: {model.Config.ModelType}, {StorageText.Of(model)}, {new ByteSize(bytes.After)} of weights instead of {new ByteSize(bytes.Before)}");
        output.Line($"as they were: {(kept.Length == 0 ? "embeddings, norms and biases" : $"{string.Join(", ", kept.Take(8))}{(kept.Length > 8 ? $" and {kept.Length - 8} more" : string.Empty)}, embeddings, norms and biases")}");
        output.Line();
        if (!output.IsJson)
        {
            Table table = new Table().Border(TableBorder.Simple).AddColumn("difference").AddColumn("largest").AddColumn("mean").AddColumn(string.Empty);
            table.AddRow("weights: quantised - original", $"{weights.Largest:G3}", $"{weights.Mean:G3}", $"in {weights.Tensors} tensors");
            table.AddRow("logits: quantised - original", $"{logits.Largest:G3}", $"{logits.Mean:G3}", $"same next token at {logits.SameNextToken} of {logits.Positions} positions");
            output.Results.Write(table);
        }

        output.Event("summary", writer =>
        {
            writer.WriteString("output", into);
            writer.WriteNumber("bytes_before", bytes.Before);
            writer.WriteNumber("bytes", bytes.After);
            writer.WriteNumber("quantized_tensors", weights.Tensors);
            writer.WriteNumber("kept_modules", kept.Length);
            writer.WriteNumber("weights_largest", weights.Largest);
            writer.WriteNumber("weights_mean", weights.Mean);
            writer.WriteNumber("logits_largest", logits.Largest);
            writer.WriteNumber("logits_mean", logits.Mean);
            writer.WriteNumber("same_next_token", logits.SameNextToken);
            writer.WriteNumber("positions", logits.Positions);
        });
    }
}
