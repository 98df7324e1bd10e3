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
        Optimizer optimizer = Create(name, slots, arguments);
        arguments.RefuseOthers(name);
        return optimizer;
    }

    /// <summary>Graft's states that a library's state stands for: bitsandbytes numbers its states.</summary>
    public static string[] StateNames(Optimizer optimizer, string name) => name switch
    {
        "state1" => [optimizer.State[0].Name],
        "state2" => [optimizer.State[1].Name],
        _ => [name],
    };

    private static Optimizer Create(string name, ParameterSlot[] slots, Arguments given)
    {
        ParameterGroup[] Group(double rate, double decay) => [new ParameterGroup(given.Number("lr", rate), given.Number("weight_decay", decay))];
        switch (name)
        {
            case "torch.AdamW":
                return new AdamW(slots, Group(1e-3, 1e-2), AdamOptions(given));
            case "torch.Adam":
                return new Adam(slots, Group(1e-3, 0), AdamOptions(given), given.Flag("decoupled_weight_decay"));
            case "bitsandbytes.Adam":
                return new AdamW(slots, Group(1e-3, 0), AdamOptions(given));
            case "bitsandbytes.AdamW":
                return new AdamW(slots, Group(1e-3, 1e-2), AdamOptions(given));
            case "torch.SGD" or "bitsandbytes.SGD":
                return new Sgd(slots, Group(1e-3, 0), new SgdOptions(given.Number("momentum", 0), given.Number("dampening", 0), given.Flag("nesterov"), given.Flag("maximize")));
            default:
                throw new NotYetException(name);
        }
    }

    private static AdamOptions AdamOptions(Arguments given)
    {
        double[] betas = given.Numbers("betas", 0.9, 0.999);
        return new AdamOptions(betas[0], betas[1], given.Number("eps", 1e-8), given.Flag("amsgrad"), given.Flag("maximize"));
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
