using System.Text;
using System.Text.Json;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Text;
using Graft.Training.Data;
using Spectre.Console;

namespace Graft.Cli.Rendering;

/// <summary>Shows samples token by token, and how long all of them are.</summary>
internal static class PreviewReport
{
    private const int MostTokens = 300;
    private const int WidestBar = 40;

    /// <summary>Writes it to stdout, or as <c>sample</c> events and a <c>summary</c>.</summary>
    public static void Write(Output output, RunData data, IReadOnlyList<SamplePreview> samples, Tokenizer tokenizer)
    {
        foreach (SamplePreview sample in samples)
        {
            WriteSample(output, sample, tokenizer);
            output.Event("sample", writer => WriteEvent(writer, sample));
        }

        LengthStatistics lengths = data.Statistics;
        string heldBack = data.EvalSamples.Count > 0 ? $", {data.EvalSamples.Count:N0} more held back" : string.Empty;
        output.Line($"{lengths.Count:N0} samples{heldBack}: {lengths.TotalTokens:N0} tokens, {lengths.TrainableTokens:N0} of them learnt");
        output.Line($"length in tokens: {lengths.Min} to {lengths.Max}, half up to {lengths.Median}, nine of ten up to {lengths.P90}");
        if (data.PackCount > 0)
        {
            output.Line($"packed into {data.PackCount:N0} rows of {lengths.TotalTokens / data.PackCount:N0} tokens on average");
        }

        int highest = lengths.Histogram.Max(bin => bin.Count);
        int width = $"{lengths.Max}".Length;
        foreach (LengthBin bin in lengths.Histogram)
        {
            string bar = new('█', (int)Math.Ceiling(bin.Count * (double)WidestBar / highest));
            output.Line($"  {bin.From.ToString().PadLeft(width)} - {bin.To.ToString().PadLeft(width)} {bar} {bin.Count}");
        }

        output.Event("summary", writer => WriteSummary(writer, data, lengths));
    }

    private static void WriteSample(Output output, SamplePreview sample, Tokenizer tokenizer)
    {
        string fate = sample.LeftOut is { } reason ? $"left out: {reason}"
            : sample.Tokens.Count < sample.Length ? $"{sample.Length} tokens, cut to {sample.Tokens.Count}"
            : $"{sample.Length} tokens";
        output.Line($"{sample.Source}  {fate}, {sample.Tokens.Count(token => token.Trained)} learnt");
        if (output.IsJson)
        {
            return;
        }

        PreviewToken[] shown = [.. sample.Tokens.Take(MostTokens)];
        string rest = sample.Tokens.Count > MostTokens ? $" ... {sample.Tokens.Count - MostTokens} more" : string.Empty;
        if (output.Results.Profile.Capabilities.ColorSystem == ColorSystem.NoColors)
        {
            output.Line($"  {Bracketed(shown, tokenizer)}{rest}");
        }
        else
        {
            output.Results.MarkupLine($"  {Coloured(shown, tokenizer)}{rest}");
        }

        output.Line();
    }

    /// <summary>Tokens parted by bars; what is learnt stands in double brackets.</summary>
    internal static string Bracketed(IReadOnlyList<PreviewToken> tokens, Tokenizer tokenizer)
    {
        var text = new StringBuilder();
        for (int i = 0; i < tokens.Count; i++)
        {
            bool begins = i == 0 || tokens[i - 1].Trained != tokens[i].Trained;
            bool ends = i == tokens.Count - 1 || tokens[i + 1].Trained != tokens[i].Trained;
            text.Append(tokens[i].Trained && begins ? "[[" : string.Empty).Append(Shown(tokens[i], tokenizer)).Append(tokens[i].Trained && ends ? "]]" : ends ? string.Empty : "|");
        }

        return text.ToString();
    }

    /// <summary>Learnt tokens in two greens by turns, the others in two greys.</summary>
    private static string Coloured(IReadOnlyList<PreviewToken> tokens, Tokenizer tokenizer)
        => string.Concat(tokens.Select((token, i) => $"[{(token.Trained ? (i % 2 == 0 ? "black on green3" : "black on palegreen1") : (i % 2 == 0 ? "grey" : "silver"))}]{Markup.Escape(Shown(token, tokenizer))}[/]"));

    /// <summary>A token's text; special tokens by name, line feeds and what only completes a character by signs.</summary>
    private static string Shown(PreviewToken token, Tokenizer tokenizer)
    {
        if (token.Text.Length == 0)
        {
            return tokenizer.IsSpecial(token.Id) ? tokenizer.IdToToken(token.Id)! : "·";
        }

        return token.Text.Replace("\r", "␍", StringComparison.Ordinal).Replace("\n", "↵", StringComparison.Ordinal).Replace("\t", "→", StringComparison.Ordinal);
    }

    private static void WriteEvent(Utf8JsonWriter writer, SamplePreview sample)
    {
        writer.WriteString("source", sample.Source.ToString());
        writer.WriteString("text", sample.Text);
        writer.WriteNumber("length", sample.Length);
        writer.WriteString("left_out", sample.LeftOut);
        writer.WriteStartArray("tokens");
        foreach (PreviewToken token in sample.Tokens)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            writer.WriteString("text", token.Text);
            writer.WriteBoolean("trained", token.Trained);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteSummary(Utf8JsonWriter writer, RunData data, LengthStatistics lengths)
    {
        writer.WriteNumber("samples", lengths.Count);
        writer.WriteNumber("eval_samples", data.EvalSamples.Count);
        writer.WriteNumber("packs", data.PackCount);
        writer.WriteNumber("tokens", lengths.TotalTokens);
        writer.WriteNumber("trainable_tokens", lengths.TrainableTokens);
        writer.WriteNumber("min", lengths.Min);
        writer.WriteNumber("median", lengths.Median);
        writer.WriteNumber("p90", lengths.P90);
        writer.WriteNumber("max", lengths.Max);
        writer.WriteNumber("truncated", data.Report.TruncatedSamples);
        writer.WriteNumber("lost_trainable_tokens", data.Report.LostTrainableTokens);
        writer.WriteNumber("too_long", data.Report.TooLong.Count);
        writer.WriteNumber("untrainable", data.Report.Untrainable.Count);
        writer.WriteNumber("skipped_rows", data.Rows.SkippedRows.Count);
        writer.WriteStartArray("histogram");
        foreach (LengthBin bin in lengths.Histogram)
        {
            writer.WriteStartObject();
            writer.WriteNumber("from", bin.From);
            writer.WriteNumber("to", bin.To);
            writer.WriteNumber("count", bin.Count);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
