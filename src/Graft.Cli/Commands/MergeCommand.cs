using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Cli.Inspection;
using Graft.Cli.Merging;
using Graft.Cli.Rendering;
using Graft.Models;
using Graft.Tensors;
using Graft.Text;
using Spectre.Console;

namespace Graft.Cli.Commands;

/// <summary><c>graft merge</c>: an adapter into its base model's weights; what comes out is a plain model folder.</summary>
internal sealed class MergeCommand : Verb
{
    /// <summary>Part of the adapter's effect that rounding may cost without a word.</summary>
    private const double LostShare = 0.25;

    private readonly Argument<string> _adapter = new("ADAPTER") { Description = "adapter folder" };
    private readonly Option<string> _into = new("--into") { Description = "model folder to write", HelpName = "FOLDER", Required = true };
    private readonly Option<string?> _model = new("--model") { Description = "base model folder (default: the one that the adapter names)", HelpName = "FOLDER" };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "write into a folder that is not empty" };
    private readonly Option<string?> _probe = new("--probe") { Description = "text to compare the logits of the merged model and the adapter on", HelpName = "TEXT" };

    /// <inheritdoc/>
    public override string Name => "merge";

    /// <inheritdoc/>
    public override string Description => "merge an adapter into its base model: a Hugging Face model folder that needs no adapter";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_adapter);
        command.Options.Add(_into);
        command.Options.Add(_model);
        command.Options.Add(_overwrite);
        command.Options.Add(_probe);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string into = parsed.GetRequiredValue(_into);
        using LoadedModel loaded = LoadedModel.LoadAdapter(parsed.GetRequiredValue(_adapter), parsed.GetValue(_model));
        RefuseSources(into, loaded);
        using var staged = new StagedFolder(into, parsed.GetValue(_overwrite));
        Tokenizer? tokenizer = loaded.LoadTokenizer();
        LanguageModel model = loaded.Model.Base;
        using LogitsProbe probe = LogitsProbe.Create(model, tokenizer, parsed.GetValue(_probe) ?? LogitsProbe.DefaultText);
        float[] adapterLogits = probe.Logits(model);
        float[] baseLogits;
        using (loaded.Model.DisableAdapters())
        {
            baseLogits = probe.Logits(model);
        }

        cancellationToken.ThrowIfCancellationRequested();
        Dictionary<WeightSlot, Parameter> before = model.NamedWeights().ToDictionary(weight => weight.Slot, weight => weight.Slot.Original);
        loaded.Model.MergeAdapter();
        var weights = WeightDrift.Between(model, before);
        DType dtype = CoarsestDType(model);
        output.Note($"writing {into}");
        loaded.Model.SaveModel(staged.Path);
        tokenizer?.Save(staged.Path);
        cancellationToken.ThrowIfCancellationRequested();
        LogitsDrift logits;
        using (LanguageModel merged = LanguageModel.Load(staged.Path))
        {
            logits = LogitsDrift.Between(baseLogits, adapterLogits, probe.Logits(merged), probe.Length, dtype);
        }

        RequireRounding(logits, dtype);
        long bytes = new DirectoryInfo(staged.Path).EnumerateFiles().Sum(file => file.Length);
        staged.Publish();
        if (logits.Mean > logits.Effect * LostShare)
        {
            Notes.Write(output, [$"rounding to {DTypeNames.Of(dtype)} moves the logits by {logits.Mean / logits.Effect:P0} of what the adapter does: keep the adapter apart, or merge it into a float32 copy of the base model"]);
        }

        Write(output, into, loaded, new ByteSize(bytes), weights, logits);
        return Task.FromResult(ExitCode.Success);
    }

    /// <summary>The folders that the merge reads from must outlive it.</summary>
    private static void RefuseSources(string into, LoadedModel loaded)
    {
        foreach (string source in (string[])[loaded.ModelFolder, loaded.AdapterFolder!])
        {
            if (Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(into)))
            {
                throw new IOException($"{into} is what is being merged: choose another folder");
            }
        }
    }

    /// <summary>The dtype that rounds most: models may keep a few weights in a finer one.</summary>
    private static DType CoarsestDType(LanguageModel model)
    {
        HashSet<DType> used = [.. model.NamedWeights().Select(weight => weight.Slot.Original.DType)];
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

    private static void Write(Output output, string into, LoadedModel loaded, ByteSize size, WeightDrift weights, LogitsDrift logits)
    {
        long parameters = loaded.Model.Base.DistinctWeights().Sum(weight => weight.Slot.Original.Count);
        output.Line($"{into}: {loaded.Model.Base.Config.ModelType} with {loaded.AdapterFolder} merged in, {size}");
        output.Line();
        Table table = new Table().Border(TableBorder.Simple).AddColumn("difference").AddColumn("largest").AddColumn("mean").AddColumn(string.Empty);
        table.AddRow(
            "weights: merged - base", $"{weights.Largest:G3}", $"{weights.Mean:G3}", $"in {weights.Tensors} tensors, {weights.Unchanged:P1} of their values unchanged");
        table.AddRow(
            "logits: merged - adapter", $"{logits.Largest:G3}", $"{logits.Mean:G3}", $"the adapter itself moves them by {logits.Effect:G3}; same next token at {logits.SameNextToken} of {logits.Positions} positions");
        if (!output.IsJson)
        {
            output.Results.Write(table);
        }

        output.Event("summary", writer =>
        {
            writer.WriteString("output", into);
            writer.WriteString("base_model", loaded.ModelFolder);
            writer.WriteString("adapter", loaded.AdapterFolder);
            writer.WriteNumber("parameters", parameters);
            writer.WriteNumber("bytes", size.Bytes);
            writer.WriteNumber("merged_tensors", weights.Tensors);
            writer.WriteNumber("weights_largest", weights.Largest);
            writer.WriteNumber("weights_mean", weights.Mean);
            writer.WriteNumber("weights_unchanged", weights.Unchanged);
            writer.WriteNumber("logits_largest", logits.Largest);
            writer.WriteNumber("logits_mean", logits.Mean);
            writer.WriteNumber("logits_limit", logits.Limit);
            writer.WriteNumber("adapter_effect", logits.Effect);
            writer.WriteNumber("same_next_token", logits.SameNextToken);
            writer.WriteNumber("positions", logits.Positions);
        });
    }
}
