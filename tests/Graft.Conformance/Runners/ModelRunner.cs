using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Kind <c>model</c>: logits, loss, every gradient and greedy text of a model folder.</summary>
public sealed class ModelRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "model";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string task = @case.Root.GetProperty("task").GetString()!;
        if (task == "SEQ_2_SEQ_LM")
        {
            new Seq2SeqCheck(@case, check).Run();
            return;
        }

        if (task != "CAUSAL_LM")
        {
            throw new NotYetException($"task {task}");
        }

        string folder = @case.PathOf("model");
        using LanguageModel model = CaseJson.LoadModel(folder);
        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        using var harness = new ModelHarness(model);
        List<CaseSequence> sequences = @case.Sequences();
        for (int i = 0; i < sequences.Count; i++)
        {
            check.Close($"logits.{i}", ModelHarness.Expected(expected, $"logits.{i}"), harness.Logits(sequences[i]));
        }

        foreach (JsonElement text in @case.Root.GetProperty("generate").EnumerateArray())
        {
            int[] produced = harness.Generate(text.GetProperty("input_ids").Integers(), text.GetProperty("max_new_tokens").GetInt32(), ModelHarness.StopIds(folder, model.Config));
            Check.Equal("generate", text.GetProperty("output_ids").Integers(), produced);
        }

        CheckGradients(@case, check, model, harness, sequences, expected);
    }

    private static void CheckGradients(
        ConformanceCase @case, Check check, LanguageModel model, ModelHarness harness, List<CaseSequence> sequences, SafetensorsFile expected)
    {
        List<(string Name, WeightSlot Slot)> weights = [.. model.DistinctWeights()];
        using var buffer = new ParameterBuffer([.. weights.Select(weight => weight.Slot.Original)]);
        CheckGradients(@case, check, weights, () => harness.Loss(sequences), expected);
    }

    /// <summary>The loss, and the gradient of every weight.</summary>
    public static void CheckGradients(
        ConformanceCase @case, Check check, List<(string Name, WeightSlot Slot)> weights, Func<(double Loss, int Counted)> run, SafetensorsFile expected)
    {
        (double loss, int counted) = run();
        check.Close("loss", @case.Root.GetProperty("loss").GetDouble(), loss);
        Check.Equal("counted_labels", @case.Root.GetProperty("counted_labels").GetInt32(), counted);
        Check.Equal("names of gradients", string.Join(' ', expected.Tensors.Where(t => t.Name.StartsWith("grad.", StringComparison.Ordinal)).Select(t => t.Name[5..]).Order(StringComparer.Ordinal)),
            string.Join(' ', weights.Select(weight => weight.Name).Order(StringComparer.Ordinal)));
        foreach ((string name, WeightSlot slot) in weights)
        {
            check.Close($"grad.{name}", ModelHarness.Expected(expected, $"grad.{name}"), Gradient(slot.Original));
        }
    }

    private static unsafe float[] Gradient(Parameter parameter) => new ReadOnlySpan<float>(parameter.Gradient, (int)parameter.Count).ToArray();
}
