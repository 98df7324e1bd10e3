using System.Text.RegularExpressions;

namespace Graft.Conformance;

/// <summary>Compares what Graft computed with what a case expects and keeps the worst error.</summary>
public sealed class Check(ConformanceCase @case)
{
    private readonly CaseTolerances _tolerances = new(@case);

    /// <summary>Largest error so far, as a multiple of the tolerance.</summary>
    public double Worst { get; private set; }

    /// <summary>Every element within <c>absolute + relative * |expected|</c>.</summary>
    public void Close(string what, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Equal($"{what}: number of values", expected.Length, actual.Length);
        double worst = 0;
        int where = -1;
        ((double, double) tolerance, double mayExceed) = _tolerances.Of(what);
        int outside = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double error = ErrorOf(expected[i], actual[i], tolerance);
            outside += error > 1 ? 1 : 0;
            if (error > worst)
            {
                (worst, where) = (error, i);
            }
        }

        if (outside <= mayExceed * expected.Length)
        {
            worst = Math.Min(worst, 1);
        }

        Worst = Math.Max(Worst, worst);
        if (worst > 1)
        {
            throw new MismatchException($"{what}[{where}]: expected {expected[where]:G9}, got {actual[where]:G9} ({worst:G3} tolerances)");
        }
    }

    /// <summary>One number within the tolerance.</summary>
    public void Close(string what, double expected, double actual)
    {
        double error = ErrorOf(expected, actual, _tolerances.Of(what).Tolerance);
        Worst = Math.Max(Worst, error);
        if (error > 1)
        {
            throw new MismatchException($"{what}: expected {expected:G12}, got {actual:G12} ({error:G3} tolerances)");
        }
    }

    /// <summary>Exactly equal.</summary>
    public static void Equal<T>(string what, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new MismatchException($"{what}: expected {expected}, got {actual}");
        }
    }

    /// <summary>Exactly equal, element by element.</summary>
    public static void Equal<T>(string what, T[] expected, T[] actual) => Equal(what, (IReadOnlyList<T>)expected, actual);

    /// <summary>Exactly equal, element by element.</summary>
    public static void Equal<T>(string what, IReadOnlyList<T> expected, IReadOnlyList<T> actual)
    {
        if (!expected.SequenceEqual(actual))
        {
            int i = 0;
            while (i < expected.Count && i < actual.Count && EqualityComparer<T>.Default.Equals(expected[i], actual[i]))
            {
                i++;
            }

            throw new MismatchException(
                $"{what}: differs at {i}: expected [{string.Join(' ', expected.Skip(i).Take(8))}] of {expected.Count}, got [{string.Join(' ', actual.Skip(i).Take(8))}] of {actual.Count}");
        }
    }

    /// <summary>
    /// <paramref name="action"/> must fail with an error for the user, whose text matches every regular expression in
    /// <paramref name="expect"/>. Crashes of the wrong kind (null, index, cast, ...) count as failures.
    /// </summary>
    public static void Refuses(string what, IEnumerable<string> expect, Action action)
    {
        string text;
        try
        {
            action();
            throw new MismatchException($"{what}: was accepted, but must be refused");
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException or NotSupportedException or UnauthorizedAccessException)
        {
            text = e.Message;
        }

        foreach (string pattern in expect)
        {
            if (!Regex.IsMatch(text, pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant))
            {
                throw new MismatchException($"{what}: the error does not say '{pattern}': {text}");
            }
        }
    }

    private static double ErrorOf(double expected, double actual, (double Absolute, double Relative) tolerance)
    {
        if (expected.Equals(actual) || expected == actual)
        {
            return 0;
        }

        double allowed = tolerance.Absolute + (tolerance.Relative * Math.Abs(expected));
        double error = Math.Abs(expected - actual) / allowed;
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }
}
