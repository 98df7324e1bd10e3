namespace Graft.Tensors.Kernels;

/// <summary>The natural logarithm, the same on every platform, which the C library's is not.</summary>
internal static class Logarithm
{
    private const double Ln2 = 0.69314718055994531;

    /// <summary><c>ln x</c> for a positive normal number, error below 1e-15 relative to max(1, |ln x|); infinity and NaN give themselves.</summary>
    /// <remarks><c>x = 2^n m</c> with m in [√½, √2); <c>ln m = 2 artanh(s)</c>, <c>s = (m - 1) / (m + 1)</c>, by its Taylor series.</remarks>
    /// <param name="x">The argument.</param>
    public static double Log(double x)
    {
        if (!double.IsFinite(x))
        {
            return x;
        }

        long bits = BitConverter.DoubleToInt64Bits(x);
        int n = (int)(bits >> 52) - 1023;
        double m = BitConverter.Int64BitsToDouble((bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000);
        if (m > 1.4142135623730951)
        {
            m /= 2;
            n++;
        }

        double s = (m - 1) / (m + 1);
        double square = s * s;
        double sum = 0;
        for (int k = 23; k >= 3; k -= 2)
        {
            sum = (sum + (1.0 / k)) * square;
        }

        return (n * Ln2) + (2 * (s + (s * sum)));
    }
}
