using Graft.Training.Optimizers;

namespace Graft.Training;

/// <summary>Makes the optimizer that <c>optim</c> names.</summary>
public static class OptimizerFactory
{
    private static readonly string[] AdamWNames = ["adamw_torch", "adamw_torch_fused", "adamw_hf", "paged_adamw_32bit", "adamw_bnb_32bit"];

    /// <summary>Every name that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. AdamWNames, "sgd"];

    /// <summary>Makes it.</summary>
    /// <param name="arguments">Name and options.</param>
    /// <param name="slots">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <exception cref="ArgumentException">An unknown name.</exception>
    public static Optimizer Create(TrainingArguments arguments, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
    {
        if (AdamWNames.Contains(arguments.Optim))
        {
            return new AdamW(slots, groups, new AdamOptions(arguments.AdamBeta1, arguments.AdamBeta2, arguments.AdamEpsilon));
        }

        return arguments.Optim == "sgd"
            ? new Sgd(slots, groups)
            : throw new ArgumentException($"optim '{arguments.Optim}' is not supported; known are {string.Join(", ", Names)}");
    }
}
