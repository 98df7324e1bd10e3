using System.Text.Json;
using Graft.Models;
using Graft.Peft;

namespace Graft.Conformance;

/// <summary>The <c>merge</c> part of an adapter case: merged weights and logits, what changed, unmerging, and the merged model saved and loaded.</summary>
internal sealed class MergeCheck(
    ConformanceCase @case,
    Check check,
    ExpectedArrays expected,
    PeftModel model,
    ModelHarness harness,
    List<CaseSequence> sequences,
    Dictionary<string, float[]> original)
{
    private readonly JsonElement _merge = @case.Root.GetProperty("merge");

    public void Run()
    {
        if (!IsPossible())
        {
            Check.Refuses("merge", [], () => model.MergeAdapter());
            AdapterCase.CheckLogits(check, expected, "logits", sequences, harness);
            return;
        }

        Dictionary<string, float[]> before = AdapterCase.Weights(model.Base);
        float[] logits = harness.Logits(sequences[0]);
        model.MergeAdapter();
        CheckMerged();
        model.UnmergeAdapter();
        CheckSame("after unmerging", before, AdapterCase.Weights(model.Base));
        Check.Equal("logits after unmerging", logits, harness.Logits(sequences[0]));
        model.MergeAndUnload();
        Check.Equal("adapters after merging", 0, model.AdapterNames.Count);
        CheckMerged();
        CheckSavedModel();
    }

    private bool IsPossible() => _merge.ValueKind == JsonValueKind.Object
        ? _merge.GetProperty("possible").GetBoolean()
        : _merge.GetString() == "ok";

    private void CheckMerged()
    {
        // Where peft's own merge is wrong no merged weights are stored, and a right one gives the adapter's logits.
        AdapterCase.CheckLogits(check, expected, "logits", sequences, harness);
        Dictionary<string, float[]> weights = AdapterCase.Weights(model.Base);
        foreach (string name in expected.Names.Where(name => name.StartsWith("merged.", StringComparison.Ordinal)))
        {
            string weight = name["merged.".Length..];
            check.Close(name, expected[name], weights.TryGetValue(weight, out float[]? values) ? values : throw new MismatchException($"the merged model has no {weight}"));
        }

        if (_merge.ValueKind == JsonValueKind.Object && _merge.TryGetProperty("changed", out JsonElement changed) && _merge.GetProperty("same_logits").GetBoolean())
        {
            string[] wanted = [.. changed.EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal)];
            string[] got = [.. weights.Where(weight => !weight.Value.SequenceEqual(original[weight.Key])).Select(weight => weight.Key).Order(StringComparer.Ordinal)];
            Check.Equal("merge.changed", wanted, got);
        }
    }

    private void CheckSavedModel() => AdapterCase.InTemporaryFolder(folder =>
    {
        model.SaveModel(folder);
        using LanguageModel saved = LanguageModel.Load(folder);
        using var other = new ModelHarness(saved);
        Check.Equal("logits of the saved model", harness.Logits(sequences[0]), other.Logits(sequences[0]));
        if (_merge.ValueKind == JsonValueKind.Object && _merge.TryGetProperty("tie_word_embeddings_after", out JsonElement tied) && _merge.GetProperty("same_logits").GetBoolean())
        {
            Check.Equal("tie_word_embeddings", tied.GetBoolean(), saved.Config.TieWordEmbeddings);
        }
    });

    private static void CheckSame(string when, Dictionary<string, float[]> wanted, Dictionary<string, float[]> got)
    {
        foreach ((string name, float[] values) in wanted)
        {
            Check.Equal($"{name} {when}", values, got[name]);
        }
    }
}
