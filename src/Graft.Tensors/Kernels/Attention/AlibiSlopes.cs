namespace Graft.Tensors;

/// <summary>How the linear biases of ALiBi (Press et al. 2021) enter the scores.</summary>
public enum AlibiForm
{
    /// <summary>No biases.</summary>
    None,

    /// <summary>BLOOM: <c>q·k * scale + slope * keyPosition</c>, all fp32.</summary>
    Standard,

    /// <summary>Falcon: <c>(q·k + bias) * scale</c> where the bias is slope times position with both factors and the product rounded to bfloat16.</summary>
    Bfloat16BeforeScale,
}

/// <summary>The slopes of ALiBi.</summary>
public static class AlibiSlopes
{
    /// <summary>A slope for each head.</summary>
    /// <remarks>
    /// With p the largest power of two up to the number of heads: <c>2^(-8i/p)</c> for i = 1..p, then <c>2^(-4j/p)</c> for
    /// j = 1, 3, 5 ... for the rest, as the reference implementation of Press et al. interpolates.
    /// </remarks>
    /// <param name="heads">Number of heads, any.</param>
    public static float[] For(int heads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        int power = 1 << (31 - int.LeadingZeroCount(heads));
        var slopes = new float[heads];
        for (int i = 0; i < heads; i++)
        {
            double exponent = i < power ? -8.0 * (i + 1) / power : -4.0 * ((2 * (i - power)) + 1) / power;
            slopes[i] = (float)Math.Pow(2, exponent);
        }

        return slopes;
    }

    /// <summary>What is added to the scaled score of a key, the same for every query.</summary>
    internal static float Bias(AlibiForm form, float slope, int position, float scale) => form switch
    {
        AlibiForm.Standard => slope * position,
        AlibiForm.Bfloat16BeforeScale => Rounded(Rounded(slope) * Rounded(position)) * scale,
        _ => 0,
    };

    private static float Rounded(float value) => BFloat16.ToSingle(BFloat16.FromSingle(value));
}
