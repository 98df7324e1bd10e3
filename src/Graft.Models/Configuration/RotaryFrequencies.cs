namespace Graft.Models;

/// <summary>Angles per position of the pairs of a rotary head: the plain ones and those of each way to stretch them over longer texts.</summary>
/// <remarks>Formulas as in Hugging Face's <c>modeling_rope_utils</c>; computed in double and rounded once at the end.</remarks>
public static class RotaryFrequencies
{
    /// <summary><c>theta^(-2i/d)</c> (Su et al. 2021).</summary>
    /// <param name="theta">The base.</param>
    /// <param name="rotaryDim">Features of a head that turn, d.</param>
    public static double[] Plain(double theta, int rotaryDim)
        => [.. Enumerable.Range(0, rotaryDim / 2).Select(i => Math.Pow(theta, -2.0 * i / rotaryDim))];

    /// <summary>The base that dynamic NTK scaling uses for a sequence longer than the model was made for.</summary>
    /// <param name="theta">The base.</param>
    /// <param name="rotaryDim">Features of a head that turn.</param>
    /// <param name="factor">The stretch.</param>
    /// <param name="length">Tokens so far.</param>
    /// <param name="maximumPositions">Tokens that the model was made for.</param>
    public static double DynamicTheta(double theta, int rotaryDim, double factor, int length, int maximumPositions)
        => theta * Math.Pow((factor * length / maximumPositions) - (factor - 1), rotaryDim / (rotaryDim - 2.0));

    /// <summary>Llama 3: long wavelengths are stretched, short ones kept, those between blended.</summary>
    /// <param name="plain">The plain frequencies.</param>
    /// <param name="factor">The stretch.</param>
    /// <param name="lowFrequencyFactor">Wavelengths above original / this are stretched.</param>
    /// <param name="highFrequencyFactor">Wavelengths below original / this are kept.</param>
    /// <param name="originalPositions">Tokens that the model was first made for.</param>
    public static double[] Llama3(double[] plain, double factor, double lowFrequencyFactor, double highFrequencyFactor, int originalPositions)
        => Array.ConvertAll(plain, frequency =>
        {
            double turns = originalPositions * frequency / (2 * Math.PI);
            double kept = Math.Clamp((turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor), 0, 1);
            return ((1 - kept) * frequency / factor) + (kept * frequency);
        });

    /// <summary>YaRN (Peng et al. 2023): a ramp over the pairs, from kept to stretched.</summary>
    /// <param name="plain">The plain frequencies.</param>
    /// <param name="theta">Their base.</param>
    /// <param name="factor">The stretch.</param>
    /// <param name="betaFast">Pairs that turn more often than this over the original length are kept.</param>
    /// <param name="betaSlow">Pairs that turn less often are stretched.</param>
    /// <param name="originalPositions">Tokens that the model was first made for.</param>
    /// <param name="truncate">Whether the ramp begins and ends at whole pairs.</param>
    public static double[] Yarn(double[] plain, double theta, double factor, double betaFast, double betaSlow, int originalPositions, bool truncate)
    {
        int rotaryDim = 2 * plain.Length;
        double low = PairWith(betaFast);
        double high = PairWith(betaSlow);
        if (truncate)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        low = Math.Max(low, 0);
        high = Math.Min(high, rotaryDim - 1);
        double width = low == high ? 0.001 : high - low;
        return [.. plain.Select((frequency, i) =>
        {
            double stretched = Math.Clamp((i - low) / width, 0, 1);
            return (stretched * frequency / factor) + ((1 - stretched) * frequency);
        })];

        // The pair, as a fraction, that turns so many times over the original length.
        double PairWith(double turns) => rotaryDim * Math.Log(originalPositions / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
    }

    /// <summary>YaRN's factor of queries and keys: <c>0.1 m ln(factor) + 1</c>.</summary>
    /// <param name="factor">The stretch.</param>
    /// <param name="scale">The multiple m, usually 1.</param>
    public static double YarnAttentionFactor(double factor, double scale = 1) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;

    /// <summary>LongRoPE's factor of queries and keys (Ding et al. 2024): <c>sqrt(1 + ln(factor) / ln(original))</c>.</summary>
    /// <param name="factor">The stretch.</param>
    /// <param name="originalPositions">Tokens that the model was first made for.</param>
    public static double LongRopeAttentionFactor(double factor, int originalPositions) => factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(originalPositions)));
}
