using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Cli.Inspection;
using Graft.Cli.Rendering;
using Spectre.Console;

namespace Graft.Cli.Merging;

/// <summary>What merging did: how far weights and logits moved.</summary>
/// <param name="Weights">Merged weights against the base model's.</param>
/// <param name="Logits">The written model against base and adapter.</param>
/// <param name="StoredAs">How the merged weights are stored.</param>
/// <param name="BaseStorage">How the base model's weights were quantised; null where they were not.</param>
/// <param name="Decoded">Base and adapter in full precision against the same quantised; null where there was nothing to decode.</param>
/// <param name="IsQuantized">Whether the result is quantised.</param>
internal sealed record MergeReport(WeightDrift Weights, LogitsDrift Logits, string StoredAs, string? BaseStorage, LogitsDrift? Decoded, bool IsQuantized)
{
    /// <summary>Part of the adapter's effect that rounding may cost without a word.</summary>
    private const double LostShare = 0.25;

    /// <summary>Writes it to stdout, or as the <c>summary</c> event.</summary>
    public void Write(Output output, string into, LoadedModel loaded, ByteSize size)
    {
        if (Logits.Mean > Logits.Effect * LostShare)
        {
            string way = IsQuantized ? "merge into full precision (leave out --keep-quantized)" : "merge it into a float32 copy of the base model";
            Notes.Write(output, [$"rounding to {StoredAs} moves the logits by {Logits.Mean / Logits.Effect:P0} of what the adapter does: keep the adapter apart, or {way}"]);
        }

        output.Line($"{into}: {loaded.Model.Base.Config.ModelType} with {loaded.AdapterFolder} merged in, {size}{(IsQuantized ? $", {StoredAs}" : string.Empty)}");
        output.Line();
        if (!output.IsJson)
        {
            output.Results.Write(AsTable());
        }

        WriteEvent(output, into, loaded, size);
    }

    private Table AsTable()
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn("difference").AddColumn("largest").AddColumn("mean").AddColumn(string.Empty);
        table.AddRow(
            "weights: merged - base", $"{Weights.Largest:G3}", $"{Weights.Mean:G3}", $"in {Weights.Tensors} tensors, {Weights.Unchanged:P1} of their values unchanged");
        table.AddRow(
            "logits: merged - adapter", $"{Logits.Largest:G3}", $"{Logits.Mean:G3}", $"the adapter itself moves them by {Logits.Effect:G3}; same next token at {Logits.SameNextToken} of {Logits.Positions} positions");
        if (Decoded is not null)
        {
            table.AddRow(
                "logits: decoded - quantised", $"{Decoded.Largest:G3}", $"{Decoded.Mean:G3}", Markup.Escape($"base and adapter, from {BaseStorage} to {StoredAs}; same next token at {Decoded.SameNextToken} of {Decoded.Positions} positions"));
        }

        return table;
    }

    private void WriteEvent(Output output, string into, LoadedModel loaded, ByteSize size)
    {
        long parameters = loaded.Model.Base.DistinctWeights().Sum(weight => weight.Slot.Original.Count);
        output.Event("summary", writer =>
        {
            writer.WriteString("output", into);
            writer.WriteString("base_model", loaded.ModelPath);
            writer.WriteString("adapter", loaded.AdapterFolder);
            writer.WriteNumber("parameters", parameters);
            writer.WriteNumber("bytes", size.Bytes);
            writer.WriteBoolean("quantized", IsQuantized);
            writer.WriteNumber("merged_tensors", Weights.Tensors);
            writer.WriteNumber("weights_largest", Weights.Largest);
            writer.WriteNumber("weights_mean", Weights.Mean);
            writer.WriteNumber("weights_unchanged", Weights.Unchanged);
            writer.WriteNumber("logits_largest", Logits.Largest);
            writer.WriteNumber("logits_mean", Logits.Mean);
            writer.WriteNumber("logits_limit", Logits.Limit);
            writer.WriteNumber("adapter_effect", Logits.Effect);
            writer.WriteNumber("same_next_token", Logits.SameNextToken);
            writer.WriteNumber("positions", Logits.Positions);
            if (Decoded is not null)
            {
                writer.WriteNumber("decoding_logits_largest", Decoded.Largest);
                writer.WriteNumber("decoding_logits_mean", Decoded.Mean);
            }
        });
    }
}
