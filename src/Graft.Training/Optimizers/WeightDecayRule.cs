namespace Graft.Training.Optimizers;

/// <summary>
/// Which parameters the Hugging Face Trainer decays: all but those that torch's own LayerNorm owns and those that look like a
/// bias or a norm by name. LoRA's A and B and DoRA's magnitude are decayed.
/// </summary>
public static class WeightDecayRule
{
    /// <summary>Whether the Trainer applies its <c>weight_decay</c>.</summary>
    /// <param name="parameter">The parameter.</param>
    public static bool Decays(in TrainableParameter parameter)
        => !IsLayerNorm(parameter) && !LooksLikeBiasOrNorm(parameter.Name);

    /// <summary>The Trainer's two groups: decayed parameters in group 0, the others in group 1, which may stay empty.</summary>
    /// <param name="parameters">All trainable parameters, in order.</param>
    /// <param name="learningRate">The rate of both groups.</param>
    /// <param name="weightDecay">The decay of group 0.</param>
    public static ParameterGrouping Group(IEnumerable<TrainableParameter> parameters, double learningRate, double weightDecay)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return new ParameterGrouping(
            [new ParameterGroup(learningRate, weightDecay), new ParameterGroup(learningRate)],
            [.. parameters.Select(parameter => Decays(parameter) ? 0 : 1)]);
    }

    // RMSNorm classes are not torch's LayerNorm: only their names keep them from decaying.
    internal static bool IsLayerNorm(in TrainableParameter parameter) => parameter.ModuleType == "LayerNorm";

    /// <summary>The patterns <c>bias</c>, <c>layernorm</c>, <c>rmsnorm</c>, <c>(^|\.)norm($|\.)</c> and <c>_norm($|\.)</c>, in any case.</summary>
    private static bool LooksLikeBiasOrNorm(string name)
    {
        const StringComparison AnyCase = StringComparison.OrdinalIgnoreCase;
        if (name.Contains("bias", AnyCase) || name.Contains("layernorm", AnyCase) || name.Contains("rmsnorm", AnyCase))
        {
            return true;
        }

        foreach (Range part in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> segment = name.AsSpan(part);
            if (segment.Equals("norm", AnyCase) || segment.EndsWith("_norm", AnyCase))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Groups, and which of them each parameter belongs to.</summary>
/// <param name="Groups">The groups.</param>
/// <param name="GroupOf">By parameter, in the order given: its group's index.</param>
public sealed record ParameterGrouping(IReadOnlyList<ParameterGroup> Groups, IReadOnlyList<int> GroupOf);
