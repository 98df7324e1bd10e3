namespace Graft.Training;

/// <summary>A row of <c>log_history</c>: names and numbers.</summary>
/// <param name="Values">The numbers by name, <c>epoch</c> and <c>step</c> among them.</param>
public sealed record LogRow(IReadOnlyDictionary<string, double> Values)
{
    /// <summary>The optimizer step.</summary>
    public int Step => (int)Values["step"];

    /// <summary>A number, or null when the row lacks it.</summary>
    /// <param name="name">Its name.</param>
    public double? this[string name] => Values.TryGetValue(name, out double value) ? value : null;
}
