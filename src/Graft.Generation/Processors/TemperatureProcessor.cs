namespace Graft.Generation.Processors;

/// <summary><c>temperature</c>: divides the scores; below 1 sharper, above 1 flatter.</summary>
public sealed class TemperatureProcessor : ILogitsProcessor
{
    private readonly float _temperature;

    /// <summary>Divides by <paramref name="temperature"/>.</summary>
    /// <param name="temperature">Above 0; for 0 decode greedily.</param>
    public TemperatureProcessor(double temperature)
    {
        if (!(temperature > 0))
        {
            throw new ArgumentException($"temperature must be above 0, but is {temperature}; for the most likely token every time set do_sample to false.", nameof(temperature));
        }

        _temperature = (float)temperature;
    }

    /// <inheritdoc/>
    public string Name => "TemperatureLogitsWarper";

    /// <inheritdoc/>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        foreach (ref float score in scores)
        {
            score /= _temperature;
        }
    }
}
