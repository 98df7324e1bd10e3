using System.Text.Json;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary>Makes the optimizer that a case names, with the defaults of the library it comes from.</summary>
internal static class OptimizerCases
{
    /// <summary>The optimizer, with all parameters in one group.</summary>
    public static Optimizer Create(ConformanceCase @case, ParameterSlot[] slots)
    {
        string name = @case.Root.GetProperty("optimizer").GetString()!;
        var arguments = new Arguments(@case.Root.GetProperty("arguments"));
        Optimizer optimizer = name == "peft.LoraFAOptimizer" ? CreateLoraFa(@case, slots, arguments) : Create(name, slots, arguments);
        arguments.RefuseOthers(name);
        return optimizer;
    }

    /// <summary>A class of bitsandbytes that says how its states are kept: <c>Adam8bit</c>, <c>PagedAdamW32bit</c> ...</summary>
    public static Optimizer CreateBitsAndBytes(ConformanceCase @case, ParameterSlot[] slots)
    {
        string name = @case.Root.GetProperty("optimizer").GetString()!;
        bool isEightBit = name.EndsWith("8bit", StringComparison.Ordinal);
        string plain = name.Replace("Paged", string.Empty, StringComparison.Ordinal).Replace("8bit", string.Empty, StringComparison.Ordinal).Replace("32bit", string.Empty, StringComparison.Ordinal);
        var arguments = new Arguments(@case.Root.GetProperty("arguments"));
        Optimizer optimizer = Create($"bitsandbytes.{plain}", slots, arguments, isEightBit ? new EightBitStates(@case.Root.GetProperty("min_8bit_size").GetInt32()) : null);
        arguments.RefuseOthers(name);
        return optimizer;
    }

    /// <summary>Graft's states that a library's state stands for: bitsandbytes numbers its states.</summary>
    public static string[] StateNames(Optimizer optimizer, string name) => name switch
    {
        "state1" when optimizer is AdEmaMix => ["exp_avg", "exp_avg_slow"],
        "state1" => [optimizer.State[0].Name],
        "state2" => [optimizer.State[1].Name],
        _ => [name],
    };

    private static Optimizer Create(string name, ParameterSlot[] slots, Arguments given, EightBitStates? eightBit = null)
    {
        ParameterGroup[] Group(double rate, double decay) => [new ParameterGroup(given.Number("lr", rate), given.Number("weight_decay", decay))];
        switch (name)
        {
            case "torch.AdamW":
                return new AdamW(slots, Group(1e-3, 1e-2), AdamOptions(given));
            case "torch.Adam":
                return new Adam(slots, Group(1e-3, 0), AdamOptions(given), given.Flag("decoupled_weight_decay"));
            case "bitsandbytes.Adam":
                return new AdamW(slots, Group(1e-3, 0), AdamOptions(given), eightBit);
            case "bitsandbytes.AdamW":
                return new AdamW(slots, Group(1e-3, 1e-2), AdamOptions(given), eightBit);
            case "torch.SGD" or "bitsandbytes.SGD":
                return new Sgd(slots, Group(1e-3, 0), new SgdOptions(given.Number("momentum", 0), given.Number("dampening", 0), given.Flag("nesterov"), given.Flag("maximize")), eightBit);
            case "torch.RMSprop" or "bitsandbytes.RMSprop":
                return new RmsProp(slots, Group(1e-2, 0), new RmsPropOptions(given.Number("alpha", 0.99), given.Number("eps", 1e-8), given.Number("momentum", 0), given.Flag("centered"), given.Flag("maximize")), eightBit);
            case "torch.Adagrad" or "bitsandbytes.Adagrad":
                return new Adagrad(slots, Group(1e-2, 0), new AdagradOptions(given.Number("lr_decay", 0), given.Number("initial_accumulator_value", 0), given.Number("eps", 1e-10), given.Flag("maximize")), eightBit);
            case "torch.Adadelta":
                return new Adadelta(slots, Group(1, 0), new AdadeltaOptions(given.Number("rho", 0.9), given.Number("eps", 1e-6), given.Flag("maximize")));
            case "torch.Adamax":
                return new Adamax(slots, Group(2e-3, 0), AdamOptions(given));
            case "torch.NAdam":
                return new NAdam(slots, Group(2e-3, 0), AdamOptions(given), given.Number("momentum_decay", 4e-3), given.Flag("decoupled_weight_decay"));
            case "torch.RAdam":
                return new RAdam(slots, Group(1e-3, 0), AdamOptions(given), given.Flag("decoupled_weight_decay"));
            case "torch.ASGD":
                return new AveragedSgd(slots, Group(1e-2, 0), new AveragedSgdOptions(given.Number("lambd", 1e-4), given.Number("alpha", 0.75), given.Number("t0", 1e6), given.Flag("maximize")));
            default:
                return CreateOther(name, slots, given, Group, eightBit);
        }
    }

    private static Optimizer CreateOther(string name, ParameterSlot[] slots, Arguments given, Func<double, double, ParameterGroup[]> group, EightBitStates? eightBit)
    {
        double[] betas;
        switch (name)
        {
            case "torch.Rprop":
                double[] etas = given.Numbers("etas", 0.5, 1.2);
                double[] sizes = given.Numbers("step_sizes", 1e-6, 50);
                return new Rprop(slots, group(1e-2, 0), new RpropOptions(etas[0], etas[1], sizes[0], sizes[1], given.Flag("maximize")));
            case "bitsandbytes.Lion" or "lion_pytorch.Lion":
                betas = given.Numbers("betas", 0.9, 0.99);
                return new Lion(slots, group(1e-4, 0), betas[0], betas[1], eightBit);
            case "bitsandbytes.AdEMAMix":
                betas = given.Numbers("betas", 0.9, 0.999, 0.9999);
                return new AdEmaMix(slots, group(1e-3, 1e-2), new AdEmaMixOptions(
                    betas[0], betas[1], betas[2], given.Number("alpha", 5), given.Number("eps", 1e-8), given.Optional("t_alpha"), given.Optional("t_beta3")), eightBit);
            case "schedulefree.SGDScheduleFree":
                return new ScheduleFreeSgd(slots, group(1, 0), ScheduleFreeOptions(given, given.Number("momentum", 0.9)));
            case "schedulefree.AdamWScheduleFree":
                betas = given.Numbers("betas", 0.9, 0.999);
                return new ScheduleFreeAdamW(slots, group(2.5e-3, 0), ScheduleFreeOptions(given, betas[0]), betas[1], given.Number("eps", 1e-8));
            case "schedulefree.RAdamScheduleFree":
                betas = given.Numbers("betas", 0.9, 0.999);
                return new ScheduleFreeAdamW(slots, group(2.5e-3, 0), ScheduleFreeOptions(given, betas[0]), betas[1], given.Number("eps", 1e-8), rectified: true, given.Flag("silent_sgd_phase", true));
            case "transformers.Adafactor":
                double[] epsilons = given.Numbers("eps", 1e-30, 1e-3);
                return new Adafactor(slots, group(0, 0), new AdafactorOptions(
                    epsilons[0], epsilons[1], given.Number("clip_threshold", 1), given.Number("decay_rate", -0.8), given.Optional("beta1"),
                    given.Flag("scale_parameter", true), given.Flag("relative_step", true), given.Flag("warmup_init")));
            case "torch.Adafactor":
                epsilons = given.Numbers("eps", double.NaN, 1e-3);
                return new TorchAdafactor(
                    slots, group(1e-2, 0), given.Number("beta2_decay", -0.8), double.IsNaN(epsilons[0]) ? null : epsilons[0], epsilons[1], given.Number("d", 1), given.Flag("maximize"));
            case "torch.Muon":
                double[] polynomial = given.Numbers("ns_coefficients", 3.4445, -4.7750, 2.0315);
                return new Muon(slots, group(1e-3, 0.1), new MuonOptions(
                    given.Number("momentum", 0.95), given.Flag("nesterov", true), polynomial[0], polynomial[1], polynomial[2], given.Number("eps", 1e-7),
                    (int)given.Number("ns_steps", 5), given.Text("adjust_lr_fn", "original") == "original" ? MuonRateAdjustment.Original : MuonRateAdjustment.MatchRmsAdamW));
            default:
                throw new NotYetException(name);
        }
    }

    private static ScheduleFreeOptions ScheduleFreeOptions(Arguments given, double momentum)
        => new(momentum, (long)given.Number("warmup_steps", 0), given.Number("r", 0), given.Number("weight_lr_power", 2));

    /// <summary>Pairs are the A and B of the same layer, by the names that the case gives.</summary>
    private static LoraFa CreateLoraFa(ConformanceCase @case, ParameterSlot[] slots, Arguments given)
    {
        string[] names = [.. slots.Select(slot => @case.Root.GetProperty("names").GetProperty(slot.Name).GetString()!)];
        var factors = new List<LoraFactors>();
        for (int a = 0; a < names.Length; a++)
        {
            int b = names[a].Contains("lora_A", StringComparison.Ordinal) ? Array.IndexOf(names, names[a].Replace("lora_A", "lora_B", StringComparison.Ordinal)) : -1;
            if (b >= 0)
            {
                factors.Add(new LoraFactors(a, b, @case.Root.GetProperty("scaling_factors").GetProperty(slots[b].Name).GetDouble()));
            }
        }

        ParameterGroup[] groups = [new ParameterGroup(given.Number("lr", 1e-3), given.Number("weight_decay", 0))];
        return new LoraFa(slots, groups, factors, AdamOptions(given, epsilon: 1e-6), given.Flag("correct_bias", true));
    }

    private static AdamOptions AdamOptions(Arguments given, double epsilon = 1e-8)
    {
        double[] betas = given.Numbers("betas", 0.9, 0.999);
        return new AdamOptions(betas[0], betas[1], given.Number("eps", epsilon), given.Flag("amsgrad"), given.Flag("maximize"));
    }

    /// <summary>The case's arguments; those that nobody asked for are not supported.</summary>
    private sealed class Arguments(JsonElement element)
    {
        private readonly HashSet<string> _taken = [];

        public double Number(string key, double otherwise) => Find(key) is { } value ? value.GetDouble() : otherwise;

        public bool Flag(string key, bool otherwise = false) => Find(key)?.GetBoolean() ?? otherwise;

        public string Text(string key, string otherwise) => Find(key)?.GetString() ?? otherwise;

        public double? Optional(string key) => Find(key)?.GetDouble();

        public double[] Numbers(string key, params double[] otherwise)
            => Find(key) is { } value ? [.. value.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Null ? double.NaN : item.GetDouble())] : otherwise;

        public void RefuseOthers(string optimizer)
        {
            foreach (JsonProperty item in element.EnumerateObject().Where(item => !_taken.Contains(item.Name)))
            {
                throw new NotYetException($"{optimizer}: argument {item.Name}");
            }
        }

        private JsonElement? Find(string key)
        {
            _taken.Add(key);
            return element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
    }
}
