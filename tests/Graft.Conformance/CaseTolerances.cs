using System.Text.Json;

namespace Graft.Conformance;

/// <summary>
/// The tolerances of a case: <c>tolerance</c>, and <c>tolerances</c> whose keys are beginnings of names; the longest that
/// matches counts. <c>may_exceed</c> is the share of an array's elements that may lie outside.
/// </summary>
internal sealed class CaseTolerances
{
    private readonly (double Absolute, double Relative) _usual;
    private readonly List<(string Beginning, (double, double) Tolerance, double MayExceed)> _special = [];

    public CaseTolerances(ConformanceCase @case)
    {
        _usual = @case.Tolerance;
        if (!@case.Has("tolerances"))
        {
            return;
        }

        foreach (JsonProperty item in @case.Root.GetProperty("tolerances").EnumerateObject())
        {
            double mayExceed = item.Value.TryGetProperty("may_exceed", out JsonElement share) ? share.GetDouble() : 0;
            _special.Add((item.Name, (item.Value.GetProperty("absolute").GetDouble(), item.Value.GetProperty("relative").GetDouble()), mayExceed));
        }
    }

    /// <summary>The tolerance of an array, and the share of its elements that may exceed it.</summary>
    /// <param name="name">The array's name.</param>
    public ((double Absolute, double Relative) Tolerance, double MayExceed) Of(string name)
        => _special.Where(item => name.StartsWith(item.Beginning, StringComparison.Ordinal)).OrderByDescending(item => item.Beginning.Length)
            .Select(item => (item.Tolerance, item.MayExceed)).FirstOrDefault((_usual, 0));
}
