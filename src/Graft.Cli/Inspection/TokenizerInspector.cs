using System.Text.Json;
using Graft.Cli.Folders;
using Graft.Text;

namespace Graft.Cli.Inspection;

/// <summary>Tokenizers: a tokenizer.json, or the older files of a folder.</summary>
internal static class TokenizerInspector
{
    private const string JsonFile = "tokenizer.json";
    private const string Probe = "Graft 2 scions, naïve & “quoted”.";
    private const int HeadBytes = 4096;

    /// <summary>Whether a JSON file of another name begins as a tokenizer.json does.</summary>
    public static bool LooksLikeOne(string path)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] head = new byte[HeadBytes];
        string text = System.Text.Encoding.UTF8.GetString(head, 0, stream.ReadAtLeast(head, HeadBytes, throwOnEndOfStream: false));
        return text.Contains("\"added_tokens\"", StringComparison.Ordinal) || (text.Contains("\"version\"", StringComparison.Ordinal) && text.Contains("\"truncation\"", StringComparison.Ordinal));
    }

    /// <summary>Inspects a tokenizer by itself.</summary>
    /// <param name="report">The report.</param>
    /// <param name="path">The file or folder.</param>
    public static void Inspect(InspectionReport report, string path)
    {
        report.Kind = "tokenizer";
        report.Attempt(() =>
        {
            Tokenizer tokenizer = Tokenizer.Load(path);
            report.Fact("vocabulary", tokenizer.VocabularySize);
            AddSpecialTokens(report, tokenizer);
            AddComponents(report, Directory.Exists(path) ? Path.Combine(path, JsonFile) : path);
            if (tokenizer.DefaultTruncation is { } truncation)
            {
                report.Note($"the file asks to cut texts at {truncation.MaxLength} tokens; Graft cuts at max_length only");
            }

            TryOut(report, tokenizer);
        });
    }

    /// <summary>Adds what a model folder's tokenizer is, and whether it suits the model.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">The model folder.</param>
    /// <param name="embeddingRows">Tokens that the model has; null when that is not known.</param>
    public static void AddTo(InspectionReport report, string folder, long? embeddingRows)
    {
        if (!TokenizerFiles.AreIn(folder))
        {
            report.Warn("there is no tokenizer (tokenizer.json): without one the model can only be used with token ids");
            return;
        }

        report.Attempt(() =>
        {
            Tokenizer tokenizer = Tokenizer.Load(folder);
            report.Fact("tokenizer", $"{Type(Path.Combine(folder, JsonFile), "model") ?? "vocabulary files"}, {tokenizer.VocabularySize:N0} tokens");
            AddSpecialTokens(report, tokenizer);
            if (tokenizer.VocabularySize > embeddingRows)
            {
                report.Problem($"the tokenizer has {tokenizer.VocabularySize:N0} tokens, but the embedding only {embeddingRows:N0} rows: it belongs to another model");
            }

            if (tokenizer.EosTokenId is null)
            {
                report.Warn("the tokenizer names no eos_token (tokenizer_config.json): a model trained with it does not learn where a text ends");
            }
        });
    }

    /// <summary>Adds which tokens play a part of their own.</summary>
    /// <param name="report">The report.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    public static void AddSpecialTokens(InspectionReport report, Tokenizer tokenizer)
    {
        if (tokenizer.SpecialTokens.Count > 0)
        {
            report.Fact("special_tokens", new OrderedDictionary<string, object?>(tokenizer.SpecialTokens
                .Select(role => KeyValuePair.Create(role.Key, (object?)$"{role.Value} ({tokenizer.TokenToId(role.Value)?.ToString() ?? "not in the vocabulary"})"))));
        }
    }

    private static void AddComponents(InspectionReport report, string file)
    {
        foreach (string component in (string[])["normalizer", "pre_tokenizer", "model", "post_processor", "decoder"])
        {
            if (Type(file, component) is { } type)
            {
                report.Fact(component, type);
            }
        }
    }

    private static void TryOut(InspectionReport report, Tokenizer tokenizer)
    {
        Graft.Text.Encoding encoded = tokenizer.Encode(Probe, addSpecialTokens: false);
        string decoded = tokenizer.Decode(encoded.Ids);
        report.Fact("example", $"{Probe} = {string.Join(" | ", encoded.Ids.Select(id => tokenizer.IdToToken(id)))}");
        if (decoded.Trim() != Probe)
        {
            report.Note($"decoding does not give every text back: '{Probe}' becomes '{decoded}'");
        }
    }

    /// <summary>The type of a component of tokenizer.json, with its parts; null when there is none.</summary>
    private static string? Type(string file, string component)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
        return document.RootElement.TryGetProperty(component, out JsonElement element) ? Type(element) : null;
    }

    private static string? Type(JsonElement component)
    {
        if (component.ValueKind != JsonValueKind.Object || !component.TryGetProperty("type", out JsonElement type) || type.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        JsonProperty parts = component.EnumerateObject().FirstOrDefault(member => member.Value.ValueKind == JsonValueKind.Array && member.Name is "normalizers" or "pretokenizers" or "processors" or "decoders");
        return parts.Value.ValueKind == JsonValueKind.Array ? string.Join(", ", parts.Value.EnumerateArray().Select(Type)) : type.GetString();
    }
}
