namespace Graft.Peft.Tests;

/// <summary>Models with adapters for tests.</summary>
internal static unsafe class AdapterRun
{
    /// <summary>A LoRA whose B is random too, so that it has an effect.</summary>
    public static LoraConfig Lora(params string[] targets)
        => new() { R = 3, LoraAlpha = 6, TargetModules = targets, InitLoraWeights = false, TaskType = "CAUSAL_LM" };

    /// <summary>A model with one adapter.</summary>
    public static PeftModel With(SmallModel folder, AdapterConfig config, ulong seed = 42)
    {
        var model = new PeftModel(folder.Load());
        model.AddAdapter(config, seed: seed);
        return model;
    }

    public static float[] Logits(PeftModel model) => ModelRun.Logits(model.Base, ModelRun.Tokens(9));

    /// <summary>Gradients of what is trained, by key, and of nothing else.</summary>
    public static Dictionary<string, float[]> Gradients(PeftModel model, bool gradientCheckpointing = false, bool training = false)
    {
        IReadOnlyList<TrainableParameter> trained = model.TrainableParameters();
        using var buffer = new ParameterBuffer([.. trained.Select(parameter => parameter.Parameter)]);
        Backward(model.Base, gradientCheckpointing, training);
        return trained.ToDictionary(parameter => parameter.Key, parameter => Gradient(parameter.Parameter));
    }

    /// <summary>Gradients of some of the base model's own weights, by name.</summary>
    public static Dictionary<string, float[]> BaseGradients(LanguageModel model, IEnumerable<string> names)
    {
        var wanted = names.ToHashSet();
        var weights = model.NamedWeights().Where(weight => wanted.Contains(weight.Name)).ToDictionary(weight => weight.Name, weight => weight.Slot.Original);
        using var buffer = new ParameterBuffer([.. weights.Values]);
        Backward(model, gradientCheckpointing: false, training: false);
        var gradients = weights.ToDictionary(weight => weight.Key, weight => Gradient(weight.Value));
        foreach (Parameter parameter in weights.Values)
        {
            parameter.RequiresGrad = false;
        }

        return gradients;
    }

    public static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
        => ModelRun.AssertClose([.. expected.ToArray().Select(value => (double)value)], actual, tolerance);

    private static void Backward(LanguageModel model, bool gradientCheckpointing, bool training)
    {
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 11 };
        var context = new ForwardContext(tape) { GradientCheckpointing = gradientCheckpointing, Training = training };
        var targets = new List<int>();
        foreach (int[] ids in new[] { ModelRun.Tokens(9, 1), ModelRun.Tokens(4, 2) })
        {
            context.AddSequence(ids, key: (ulong)ids[0]);
            targets.AddRange(ids.Skip(1).Append(-100));
        }

        model.Loss(context, model.Forward(context), targets.ToArray(), scale: 1.0 / 8);
        tape.Backward();
    }

    private static float[] Gradient(Parameter parameter) => new Span<float>(parameter.Gradient, (int)parameter.Count).ToArray();
}
