using System.Text.Json;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Kind <c>adapter</c>: a saved adapter loaded, run, trained for one backward pass, merged, unmerged, and saved again.</summary>
public sealed class AdapterRunner : ICaseRunner
{
    private const string Name = "default";

    /// <inheritdoc/>
    public string Kind => "adapter";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        AdapterCase.RequireLanguageModel(@case);
        foreach (string field in new[] { "fused_experts", "auxiliary_loss", "model_arguments" })
        {
            if (@case.Has(field))
            {
                throw new NotYetException(field);
            }
        }

        string folder = @case.PathOf("adapter");
        AdapterCase.OrNotYet(() => AdapterConfig.Load(folder));
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        Dictionary<string, float[]> original = AdapterCase.Weights(model.Base);
        AdapterCase.OrNotYet(() => model.LoadAdapter(folder, Name, trainable: true));
        ExpectedArrays expected = ExpectedArrays.Of(@case);
        using var harness = new ModelHarness(model.Base);
        List<CaseSequence> sequences = @case.Sequences();
        AdapterCase.CheckLogits(check, expected, "logits", sequences, harness);
        CheckCounts(@case, model);
        CheckGenerate(@case, harness, model.Base);
        CheckDisabled(check, expected, model, sequences, harness);
        CheckGradients(@case, check, expected, model, harness, sequences);
        CheckSaved(@case, model, folder, harness, sequences);
        if (@case.Has("merge"))
        {
            new MergeCheck(@case, check, expected, model, harness, sequences, original).Run();
        }
    }

    private static void CheckCounts(ConformanceCase @case, PeftModel model)
    {
        (long trainable, long all) = model.CountParameters();
        Check.Equal("trainable_parameters", @case.Root.GetProperty("trainable_parameters").GetInt64(), trainable);
        Check.Equal("all_parameters", @case.Root.GetProperty("all_parameters").GetInt64(), all);
        Check.Equal("printed", @case.Root.GetProperty("printed").GetString(), model.PrintTrainableParameters());
    }

    private static void CheckGenerate(ConformanceCase @case, ModelHarness harness, LanguageModel model)
    {
        if (!@case.Has("generate"))
        {
            return;
        }

        foreach (JsonElement text in @case.Root.GetProperty("generate").EnumerateArray())
        {
            int[] produced = harness.Generate(text.GetProperty("input_ids").Integers(), text.GetProperty("max_new_tokens").GetInt32(), ModelHarness.StopIds(@case.PathOf("model"), model.Config));
            Check.Equal("generate", text.GetProperty("output_ids").Integers(), produced);
        }
    }

    private static void CheckDisabled(Check check, ExpectedArrays expected, PeftModel model, List<CaseSequence> sequences, ModelHarness harness)
    {
        if (!expected.Has("disabled.logits.0"))
        {
            return;
        }

        using (model.DisableAdapters())
        {
            AdapterCase.CheckLogits(check, expected, "disabled.logits", sequences, harness);
        }

        AdapterCase.CheckLogits(check, expected, "logits", sequences, harness);
    }

    private static void CheckGradients(
        ConformanceCase @case, Check check, ExpectedArrays expected, PeftModel model, ModelHarness harness, List<CaseSequence> sequences)
    {
        IReadOnlyList<TrainableParameter> trained = model.TrainableParameters();
        using var buffer = new ParameterBuffer([.. trained.Select(parameter => parameter.Parameter)]);
        (double loss, int counted) = harness.Loss(sequences);
        check.Close("loss", @case.Root.GetProperty("loss").GetDouble(), loss);
        Check.Equal("counted_labels", @case.Root.GetProperty("counted_labels").GetInt32(), counted);
        string[] names = [.. expected.Names.Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).Select(name => name["grad.".Length..]).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
        {
            return;
        }

        var got = trained.ToDictionary(parameter => parameter.Key, parameter => parameter.Parameter, StringComparer.Ordinal);
        Dictionary<string, float[]> wanted = names.ToDictionary(name => name, name => expected[$"grad.{name}"], StringComparer.Ordinal);
        foreach (string name in names.Where(name => !got.ContainsKey(name)))
        {
            JoinSecondName(expected, name, wanted, got);
        }

        Check.Equal("names of gradients", [.. wanted.Keys.Order(StringComparer.Ordinal)], [.. got.Keys.Order(StringComparer.Ordinal)]);
        foreach ((string name, float[] gradient) in wanted)
        {
            check.Close($"grad.{name}", gradient, AdapterCase.Gradient(got[name]));
        }
    }

    /// <summary>
    /// A tensor that is saved under two names. A tied module has the same gradient under both. The factors of a tied head are the embedding's,
    /// transposed, with a gradient for each use: Graft has one tensor there, whose gradient is the sum.
    /// </summary>
    private static void JoinSecondName(ExpectedArrays expected, string name, Dictionary<string, float[]> wanted, Dictionary<string, Parameter> got)
    {
        string? factor = name.EndsWith(".lora_A.weight", StringComparison.Ordinal) ? ".lora_embedding_B" : name.EndsWith(".lora_B.weight", StringComparison.Ordinal) ? ".lora_embedding_A" : null;
        float[] gradient = expected[$"grad.{name}"];
        if (factor is not null && got.Keys.FirstOrDefault(other => other.EndsWith(factor, StringComparison.Ordinal)) is { } twin && wanted[twin].Length == gradient.Length)
        {
            int rows = got[twin].Shape[0];
            int columns = got[twin].Shape[1];
            wanted[twin] = [.. wanted[twin].Select((value, i) => value + gradient[(i % columns * rows) + (i / columns)])];
            wanted.Remove(name);
        }
        else if (got.Keys.Any(other => wanted.TryGetValue(other, out float[]? same) && same.AsSpan().SequenceEqual(gradient)))
        {
            wanted.Remove(name);
        }
    }

    private static void CheckSaved(ConformanceCase @case, PeftModel model, string source, ModelHarness harness, List<CaseSequence> sequences)
        => AdapterCase.InTemporaryFolder(folder =>
        {
            bool? embeddings = @case.Has("save_embedding_layers") && @case.Root.GetProperty("save_embedding_layers").ValueKind is JsonValueKind.True or JsonValueKind.False
                ? @case.Root.GetProperty("save_embedding_layers").GetBoolean() : null;
            model.SaveAdapter(folder, Name, embeddings);
            if (!@case.Name.Contains("/load-", StringComparison.Ordinal))
            {
                SavedFiles.CheckSameTensors(Path.Combine(source, "adapter_model.safetensors"), Path.Combine(folder, "adapter_model.safetensors"));
                using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(source, AdapterConfig.FileName)));
                AdapterCase.CheckConfig("saved config", config.RootElement, File.ReadAllText(Path.Combine(folder, AdapterConfig.FileName)));
            }

            float[] before = harness.Logits(sequences[0]);
            using PeftModel again = AdapterCase.LoadModel(@case.PathOf("model"));
            again.LoadAdapter(folder);
            using var other = new ModelHarness(again.Base);
            Check.Equal("logits after save and load", before, other.Logits(sequences[0]));
        });
}
