using Graft.Training.Data;
using Graft.Training.Optimizers;

namespace Graft.Training;

/// <summary>Makes the optimizer that <c>optim</c> names, with the defaults that the Hugging Face Trainer gives it.</summary>
public static class OptimizerFactory
{
    private delegate Optimizer Maker(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups);

    private static readonly SortedDictionary<string, Maker> ByName = new(StringComparer.Ordinal)
    {
        ["adafactor"] = MakeAdafactor,
        ["adagrad"] = MakeAdagrad,
        ["adamw_bnb_32bit"] = MakeAdamW,
        ["adamw_hf"] = MakeAdamW,
        ["adamw_torch"] = MakeAdamW,
        ["adamw_torch_fused"] = MakeAdamW,
        ["ademamix"] = MakeAdEmaMix,
        ["lion_32bit"] = MakeLion,
        ["paged_adamw_32bit"] = MakeAdamW,
        ["paged_ademamix_32bit"] = MakeAdEmaMix,
        ["paged_lion_32bit"] = MakeLion,
        ["rmsprop"] = MakeRmsProp,
        ["rmsprop_bnb"] = MakeRmsProp,
        ["rmsprop_bnb_32bit"] = MakeRmsProp,
        ["sgd"] = MakeSgd,
    };

    /// <summary>Every name that <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys];

    /// <summary>Makes it.</summary>
    /// <param name="arguments">Name and options.</param>
    /// <param name="slots">Where each parameter lies.</param>
    /// <param name="groups">Rates and decays.</param>
    /// <exception cref="ArgumentException">An unknown name, or arguments that the optimizer does not take.</exception>
    public static Optimizer Create(TrainingArguments arguments, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (!ByName.TryGetValue(arguments.Optim, out Maker? make))
        {
            throw new ArgumentException($"optim '{arguments.Optim}' is not supported{NearestName.Suggestion(arguments.Optim, Names)}; known are {string.Join(", ", Names)}");
        }

        var own = new OptimizerArguments(arguments.Optim, arguments.OptimArgs);
        Optimizer optimizer = make(arguments, own, slots, groups);
        try
        {
            own.RefuseOthers();
            return optimizer;
        }
        catch
        {
            optimizer.Dispose();
            throw;
        }
    }

    private static AdamW MakeAdamW(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new AdamOptions(arguments.AdamBeta1, arguments.AdamBeta2, arguments.AdamEpsilon));

    private static Sgd MakeSgd(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new SgdOptions(own.Number("momentum", 0), own.Number("dampening", 0), own.Flag("nesterov"), own.Flag("maximize")));

    private static RmsProp MakeRmsProp(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new RmsPropOptions(own.Number("alpha", 0.99), own.Number("eps", 1e-8), own.Number("momentum", 0), own.Flag("centered"), own.Flag("maximize")));

    private static Adagrad MakeAdagrad(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new AdagradOptions(own.Number("lr_decay", 0), own.Number("initial_accumulator_value", 0), own.Number("eps", 1e-10), own.Flag("maximize")));

    // Lion gets Adam's betas: so does the Trainer, though the paper's second one is 0.99.
    private static Lion MakeLion(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, arguments.AdamBeta1, arguments.AdamBeta2);

    private static AdEmaMix MakeAdEmaMix(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new AdEmaMixOptions(
            arguments.AdamBeta1, arguments.AdamBeta2, own.Number("beta3", 0.9999), own.Number("alpha", 5), arguments.AdamEpsilon, own.OptionalNumber("t_alpha"), own.OptionalNumber("t_beta3")));

    private static Adafactor MakeAdafactor(TrainingArguments arguments, OptimizerArguments own, IReadOnlyList<ParameterSlot> slots, IReadOnlyList<ParameterGroup> groups)
        => new(slots, groups, new AdafactorOptions(ScaleParameter: false, RelativeStep: false));
}
