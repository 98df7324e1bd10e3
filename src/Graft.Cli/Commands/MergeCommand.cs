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

namespace Graft.Cli.Commands;

/// <summary><c>graft merge</c>: an adapter into its base model's weights; what comes out is a plain model folder.</summary>
internal sealed class MergeCommand : Verb
{
    private readonly Argument<string> _adapter = new("ADAPTER") { Description = "adapter folder" };
    private readonly Option<string> _into = new("--into") { Description = "model folder to write", HelpName = "FOLDER", Required = true };
    private readonly Option<string?> _model = new("--model") { Description = "base model: folder or GGUF file (default: the one that the adapter names)", HelpName = "PATH" };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "write into a folder that is not empty" };
    private readonly Option<string?> _probe = new("--probe") { Description = "text to compare the logits of the merged model and the adapter on", HelpName = "TEXT" };
    private readonly Option<string?> _dtype = new("--dtype") { Description = "store the result as float32, bfloat16 or float16 (default: as the base model)" };
    private readonly Option<bool> _keep = new("--keep-quantized", "--keep-quantised") { Description = "quantise merged layers again as they were in 4 or 8 bits (default: full precision)" };
    private readonly QuantizationFlags _quantization = new();

    /// <inheritdoc/>
    public override string Name => "merge";

    /// <inheritdoc/>
    public override string Description => "merge an adapter into its base model: a Hugging Face model folder that needs no adapter";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_adapter);
        foreach (Option option in new Option[] { _into, _model, _overwrite, _probe, _dtype, _keep })
        {
            command.Options.Add(option);
        }

        _quantization.AddTo(command);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string into = parsed.GetRequiredValue(_into);
        string adapter = parsed.GetRequiredValue(_adapter);
        DType? wanted = parsed.GetValue(_dtype) is { } name ? WeightTypes.Parse(name, "--dtype") : null;
        using LoadedModel loaded = LoadedModel.LoadAdapter(adapter, parsed.GetValue(_model), _quantization.Load(parsed, adapter));
        RefuseSources(into, loaded);
        LanguageModel model = loaded.Model.Base;
        bool keeps = parsed.GetValue(_keep);
        RequireKeepable(keeps, model);
        using var staged = new StagedFolder(into, parsed.GetValue(_overwrite));
        Tokenizer? tokenizer = loaded.LoadTokenizer();
        using LogitsProbe probe = LogitsProbe.Create(model, tokenizer, parsed.GetValue(_probe) ?? LogitsProbe.DefaultText);
        DType dtype = wanted ?? CoarsestDType(model);
        MergeReport report = keeps
            ? MergeQuantized(loaded, probe, () => Save(loaded, staged, tokenizer, wanted, into, output, cancellationToken), dtype)
            : Merge(loaded, probe, () => Save(loaded, staged, tokenizer, wanted, into, output, cancellationToken), dtype);
        long bytes = new DirectoryInfo(staged.Path).EnumerateFiles().Sum(file => file.Length);
        staged.Publish();
        report.Write(output, into, loaded, new ByteSize(bytes));
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>Merges in full precision; a quantised base is decoded first.</summary>
    private static MergeReport Merge(LoadedModel loaded, LogitsProbe probe, Func<LanguageModel> save, DType dtype)
    {
        LanguageModel model = loaded.Model.Base;
        string? quantized = StorageText.Of(model);
        float[] adapterLogits = probe.Logits(model);
        LogitsDrift? decoded = null;
        if (quantized is not null)
        {
            using (loaded.Model.DisableAdapters())
            {
                ModelQuantization.Dequantize(model, dtype);
            }

            float[] plain = probe.Logits(model);
            decoded = LogitsDrift.Between(BaseLogits(loaded, probe), adapterLogits, plain, probe.Length, dtype);
            adapterLogits = plain;
        }

        float[] baseLogits = BaseLogits(loaded, probe);
        IReadOnlyDictionary<WeightSlot, Parameter> before = WeightDrift.Snapshot(model);
        loaded.Model.MergeAdapter();
        var weights = WeightDrift.Between(model, before);
        using LanguageModel merged = save();
        var logits = LogitsDrift.Between(baseLogits, adapterLogits, probe.Logits(merged), probe.Length, dtype);
        RequireRounding(logits, dtype);
        return new MergeReport(weights, logits, DTypeNames.Of(dtype), quantized, decoded, IsQuantized: false);
    }

    /// <summary>Merges by PEFT's formula: decode, add, quantise again. What rounding costs is told, not refused.</summary>
    private static MergeReport MergeQuantized(LoadedModel loaded, LogitsProbe probe, Func<LanguageModel> save, DType dtype)
    {
        LanguageModel model = loaded.Model.Base;
        string quantized = StorageText.Of(model)!;
        float[] adapterLogits = probe.Logits(model);
        float[] baseLogits = BaseLogits(loaded, probe);
        IReadOnlyDictionary<WeightSlot, Parameter> before = WeightDrift.Snapshot(model);
        loaded.Model.MergeAdapter();
        var weights = WeightDrift.Between(model, before);
        float[] inMemory = probe.Logits(model);
        using LanguageModel merged = save();
        float[] written = probe.Logits(merged);
        RequireRounding(LogitsDrift.Between(baseLogits, inMemory, written, probe.Length, dtype), dtype);
        var logits = LogitsDrift.Between(baseLogits, adapterLogits, written, probe.Length, dtype);
        return new MergeReport(weights, logits, quantized, quantized, Decoded: null, IsQuantized: true);
    }

    private static float[] BaseLogits(LoadedModel loaded, LogitsProbe probe)
    {
        using (loaded.Model.DisableAdapters())
        {
            return probe.Logits(loaded.Model.Base);
        }
    }

    /// <summary>Writes the merged model, and reads it back to be compared.</summary>
    private static LanguageModel Save(LoadedModel loaded, StagedFolder staged, Tokenizer? tokenizer, DType? dtype, string into, Output output, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        output.Note($"writing {into}");
        loaded.Model.SaveModel(staged.Path, dtype: dtype);
        tokenizer?.Save(staged.Path);
        cancellationToken.ThrowIfCancellationRequested();
        return LanguageModel.Load(staged.Path);
    }

    /// <summary>The folders and files that the merge reads from must outlive it.</summary>
    private static void RefuseSources(string into, LoadedModel loaded)
    {
        foreach (string source in (string[])[loaded.ModelPath, loaded.AdapterFolder!])
        {
            if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(into)))
            {
                throw new IOException($"{into} is what is being merged: choose another folder");
            }
        }
    }

    private static void RequireKeepable(bool keeps, LanguageModel model)
    {
        if (keeps && model.Quantization is null)
        {
            throw new ArgumentException(StorageText.Of(model) is { } formats
                ? $"--keep-quantized is for models in 4 or 8 bits by bitsandbytes' formats: {formats} cannot be written. Leave it out to merge in full precision, and use graft quantize on the result"
                : "--keep-quantized needs a quantised base model: add --load-in-4bit or --load-in-8bit, or leave it out");
        }
    }

    /// <summary>The dtype that rounds most: models may keep a few weights in a finer one.</summary>
    private static DType CoarsestDType(LanguageModel model)
    {
        HashSet<DType> used = [.. model.NamedWeights().Where(weight => weight.Slot.Original.Quantized is null).Select(weight => weight.Slot.Original.DType)];
        return used.Contains(DType.BFloat16) ? DType.BFloat16 : used.Contains(DType.Float16) ? DType.Float16 : DType.Float32;
    }

    private static void RequireRounding(LogitsDrift logits, DType dtype)
    {
        if (!logits.IsRounding)
        {
            throw new InvalidDataException(
                $"the merged model does not compute what base and adapter compute: its logits differ by up to {logits.Largest:G3}, and rounding to {DTypeNames.Of(dtype)} explains at most {logits.Limit:G3}; nothing was written. "
                + "Keep the adapter apart, or merge it into a float32 copy of the base model");
        }
    }
}
