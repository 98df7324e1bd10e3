using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Kind <c>adapter-folder</c>: the files of an adapter folder, key by key and byte by byte where peft's own order is fixed.</summary>
public sealed class AdapterFolderRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "adapter-folder";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        if (@case.Has("examples"))
        {
            CheckMethod(@case);
            return;
        }

        if (!@case.Has("config"))
        {
            throw new NotYetException("auto_mapping of every class");
        }

        AdapterConfig config = AdapterCase.ParseConfig(@case.Root.GetProperty("config"));
        JsonElement expected = @case.Root.GetProperty("expected");
        if (!@case.Has("model"))
        {
            AdapterCase.CheckConfig("config", expected.GetProperty("adapter_config").GetProperty("adapter_config.json").GetProperty("values"), config.ToJson());
            return;
        }

        if (@case.Has("safe_serialization") && !@case.Root.GetProperty("safe_serialization").GetBoolean())
        {
            throw new NotYetException("writing adapter_model.bin");
        }

        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        bool isHalf = @case.Root.GetProperty("base_dtype").GetString() == "bfloat16";
        if (isHalf)
        {
            Narrow(model.Base);
        }

        config = config with { BaseModelNameOrPath = @case.Root.GetProperty("model").GetString() };
        foreach (JsonElement name in @case.Root.GetProperty("adapter_names").EnumerateArray())
        {
            model.AddAdapter(config, name.GetString()!, autocastAdapterDType: @case.Root.GetProperty("autocast_adapter_dtype").GetBoolean());
        }

        AdapterCase.InTemporaryFolder(folder =>
        {
            if (@case.Has("selected_adapters"))
            {
                foreach (JsonElement name in @case.Root.GetProperty("selected_adapters").EnumerateArray())
                {
                    model.SaveAdapter(folder, name.GetString()!);
                }
            }
            else
            {
                model.SaveAdapter(folder);
            }

            CheckFiles(expected, folder);
        });
    }

    private static void CheckFiles(JsonElement expected, string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        Check.Equal("files", [.. expected.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).Order(StringComparer.Ordinal)], files);
        foreach (JsonProperty file in expected.GetProperty("safetensors").EnumerateObject())
        {
            CheckTensors(file.Value, Path.Combine(folder, file.Name));
        }

        foreach (JsonProperty file in expected.GetProperty("adapter_config").EnumerateObject())
        {
            string text = File.ReadAllText(Path.Combine(folder, file.Name));
            AdapterCase.CheckConfig(file.Name, file.Value.GetProperty("values"), text);
            Check.Equal("ends with a newline", file.Value.GetProperty("text").GetProperty("ends_with_newline").GetBoolean(), text.EndsWith('\n'));
            Check.Equal("keys are sorted and indented by two", true, file.Value.GetProperty("text").GetProperty("equals_indent2_sorted_dump").GetBoolean() && IsSortedDump(text));
        }

        CheckCard(expected.GetProperty("model_card"), File.ReadAllText(Path.Combine(folder, "README.md")));
    }

    private static void CheckTensors(JsonElement expected, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Check.Equal("metadata", "format=pt", string.Join(',', file.Metadata.Select(entry => $"{entry.Key}={entry.Value}")));
        Check.Equal(
            "header order",
            [.. expected.GetProperty("header_order").EnumerateArray().Select(tensor => $"{tensor.GetProperty("name")} {tensor.GetProperty("dtype")} [{string.Join(',', tensor.GetProperty("shape").Integers())}]")],
            [.. file.Tensors.Select(tensor => $"{tensor.Name} {DTypeName(tensor.DType)} [{string.Join(',', tensor.Shape)}]")]);
    }

    private static void CheckCard(JsonElement expected, string text)
    {
        string[] lines = text.Split('\n');
        string[] ending = [.. expected.GetProperty("ends_with").EnumerateArray().Select(line => line.GetString()!)];
        Check.Equal("last lines of README.md", ending, lines[^ending.Length..]);
        Check.Equal("front matter begins", "---", lines[0]);
        string[] front = lines[1..Array.IndexOf(lines, "---", 1)];
        foreach (JsonProperty field in expected.GetProperty("front_matter").EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Array)
            {
                int start = Array.IndexOf(front, $"{field.Name}:");
                Check.Equal(field.Name, [.. field.Value.EnumerateArray().Select(item => $"- {item}")], front[(start + 1)..Math.Min(front.Length, start + 1 + field.Value.GetArrayLength())]);
            }
            else
            {
                Check.Equal(field.Name, true, front.Contains($"{field.Name}: {field.Value}"));
            }
        }

        Check.Equal("fields of the front matter", expected.GetProperty("front_matter").EnumerateObject().Count(), front.Count(line => !line.StartsWith('-')));
    }

    /// <summary>A method's default config, and the tensors of its example adapters.</summary>
    private static void CheckMethod(ConformanceCase @case)
    {
        string type = @case.Root.GetProperty("peft_type").GetString()!;
        if (!AdapterMethods.All.Any(method => method.PeftType == type))
        {
            throw new NotYetException($"peft_type {type}");
        }

        AdapterConfig config = AdapterCase.ParseConfig(@case.Root.GetProperty("arguments"), type);
        AdapterCase.CheckConfig("config", @case.Root.GetProperty("adapter_config"), config.ToJson());
        foreach (JsonProperty example in @case.Root.GetProperty("examples").EnumerateObject())
        {
            string folder = @case.Resolve(example.Value.GetProperty("adapter").GetString()!);
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "..", "case.json")));
            using PeftModel model = AdapterCase.LoadModel(Path.GetFullPath(Path.Combine(folder, "..", document.RootElement.GetProperty("model").GetString()!)));
            model.LoadAdapter(folder, trainable: true);
            foreach (JsonProperty tensor in example.Value.GetProperty("tensors").EnumerateObject())
            {
                TrainableParameter found = model.TrainableParameters().FirstOrDefault(parameter => parameter.Key == tensor.Name)
                    ?? throw new MismatchException($"{example.Name} has no {tensor.Name}");
                Check.Equal($"shape of {tensor.Name}", tensor.Value.GetProperty("shape").Integers(), found.Parameter.Shape);
                Check.Equal($"{tensor.Name} belongs to the method", true, tensor.Name.Contains(@case.Root.GetProperty("prefix").GetString()!, StringComparison.Ordinal));
            }
        }
    }

    private static bool IsSortedDump(string text)
    {
        string[] keys = [.. text.Split('\n').Where(line => line.StartsWith("  \"", StringComparison.Ordinal)).Select(line => line[3..line.IndexOf('"', 3)])];
        return keys.SequenceEqual(keys.Order(StringComparer.Ordinal)) && text.StartsWith("{\n  \"", StringComparison.Ordinal) && text.EndsWith("\n}", StringComparison.Ordinal);
    }

    private static string DTypeName(DType dtype) => dtype switch
    {
        DType.Float32 => "F32",
        DType.BFloat16 => "BF16",
        DType.Float16 => "F16",
        _ => dtype.ToString(),
    };

    /// <summary>The base model as if it had been loaded in bfloat16.</summary>
    private static unsafe void Narrow(LanguageModel model)
    {
        foreach ((_, WeightSlot slot) in model.DistinctWeights())
        {
            float[] values = slot.Original.ToArray();
            var memory = new NativeBuffer(values.Length * sizeof(ushort));
            for (int i = 0; i < values.Length; i++)
            {
                ((ushort*)memory.Data)[i] = BFloat16.FromSingle(values[i]);
            }

            slot.Original.MoveTo((nint)memory.Data, DType.BFloat16, memory);
        }
    }
}
