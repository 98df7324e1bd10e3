using Graft.Peft;

namespace Graft.Conformance;

/// <summary>Kind <c>adapter-refuse</c>: adapters that must not load (or merge), with an error that says why; or load as if they were whole.</summary>
public sealed class AdapterRefuseRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "adapter-refuse";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        string folder = @case.PathOf("adapter");
        Dictionary<string, float[]> before = AdapterCase.Weights(model.Base);
        bool atMerge = @case.Root.GetProperty("at").GetString() == "safe_merge";
        if (atMerge)
        {
            model.LoadAdapter(folder);
        }

        string[] expect = [.. @case.Root.GetProperty("expect").EnumerateArray().Select(word => System.Text.RegularExpressions.Regex.Escape(word.GetString()!))];
        Check.Refuses("adapter", expect, () =>
        {
            if (atMerge)
            {
                model.MergeAdapter();
            }
            else
            {
                model.LoadAdapter(folder);
            }
        });
        Check.Equal("adapters after the refusal", atMerge ? 1 : 0, model.AdapterNames.Count);
        foreach ((string name, float[] values) in AdapterCase.Weights(model.Base))
        {
            Check.Equal($"{name} after the refusal", before[name], values);
        }
    }
}
