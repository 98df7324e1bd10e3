using System.Globalization;
using Graft.Training.Data;

namespace Graft.Training;

/// <summary>Takes typed values out of <c>optim_args</c> (<c>momentum=0.9,nesterov=true</c>) and refuses what nobody took.</summary>
internal sealed class OptimizerArguments
{
    private readonly string _optimizer;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    /// <summary>Parses the text.</summary>
    /// <param name="optimizer">Name of the optimizer, for errors.</param>
    /// <param name="text">Pairs with commas between; spaces do not count; null or empty for none.</param>
    /// <exception cref="ArgumentException">Something that is not <c>name=value</c>, or a name given twice.</exception>
    public OptimizerArguments(string optimizer, string? text)
    {
        _optimizer = optimizer;
        foreach (string pair in (text ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = pair.Split('=', 2, StringSplitOptions.TrimEntries);
            if (sides.Length < 2 || sides[0].Length == 0 || sides[1].Length == 0)
            {
                throw new ArgumentException($"optim_args: '{pair}' is not of the form name=value");
            }

            if (!_values.TryAdd(sides[0], sides[1]))
            {
                throw new ArgumentException($"optim_args: '{sides[0]}' is given twice");
            }
        }
    }

    public double Number(string name, double otherwise) => OptionalNumber(name) ?? otherwise;

    public double? OptionalNumber(string name)
    {
        if (Take(name) is not { } text)
        {
            return null;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number
            : throw new ArgumentException($"optim_args: '{name}' must be a number, not '{text}'");
    }

    public bool Flag(string name, bool otherwise = false)
    {
        if (Take(name) is not { } text)
        {
            return otherwise;
        }

        return bool.TryParse(text, out bool flag) ? flag : throw new ArgumentException($"optim_args: '{name}' must be true or false, not '{text}'");
    }

    /// <summary>Refuses names that no call above asked for.</summary>
    public void RefuseOthers()
    {
        foreach (string name in _values.Keys.Where(name => !_known.Contains(name)))
        {
            string accepted = _known.Count == 0 ? "it takes none" : $"it takes {string.Join(", ", _known)}";
            throw new ArgumentException($"optim_args: {_optimizer} has no argument '{name}'{NearestName.Suggestion(name, _known)}; {accepted}");
        }
    }

    private string? Take(string name)
    {
        _known.Add(name);
        return _values.GetValueOrDefault(name);
    }
}
