using Graft.Formats;
using Graft.Peft;

namespace Graft.Cli.Inspection;

/// <summary>What can be said of a LoRA file without its base model: names, pairs and ranks.</summary>
internal static class LoraKeys
{
    private const string Prefix = "base_model.model.";

    private static readonly (string Down, string Up)[] Pairs = [(".lora_A.weight", ".lora_B.weight"), (".lora_embedding_A", ".lora_embedding_B")];

    /// <summary>Adds a problem for every tensor that no base model could take.</summary>
    public static void Check(InspectionReport report, CheckpointFolder weights, LoraConfig config)
    {
        foreach (TensorEntry tensor in weights.Tensors.Values)
        {
            if (!tensor.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                report.Problem($"{tensor.Name}: keys must begin with '{Prefix}'");
                continue;
            }

            foreach ((string down, string up) in Pairs)
            {
                if (tensor.Name.EndsWith(down, StringComparison.Ordinal))
                {
                    CheckPair(report, weights, tensor, tensor.Name[..^down.Length] + up, config);
                }
                else if (tensor.Name.EndsWith(up, StringComparison.Ordinal) && !weights.Tensors.ContainsKey(tensor.Name[..^up.Length] + down))
                {
                    report.Problem($"{tensor.Name} has no {tensor.Name[..^up.Length] + down} beside it");
                }
            }
        }
    }

    private static void CheckPair(InspectionReport report, CheckpointFolder weights, TensorEntry a, string nameOfB, LoraConfig config)
    {
        if (!weights.Tensors.TryGetValue(nameOfB, out TensorEntry? b))
        {
            report.Problem($"{a.Name} has no {nameOfB} beside it");
        }
        else if (a.Shape.Count != 2 || b.Shape.Count != 2 || a.Shape[0] != b.Shape[1])
        {
            report.Problem($"{a.Name} is {ReportValue.Text(a.Shape)} and {nameOfB} {ReportValue.Text(b.Shape)}: [r, in] and [out, r] are expected");
        }
        else if (config.RankPattern.Count == 0 && a.Shape[0] != config.R)
        {
            report.Problem($"{a.Name} is {ReportValue.Text(a.Shape)}, but r is {config.R}");
        }
    }
}
