using Graft.Training;

namespace Graft.Cli.Evaluation;

/// <summary>What was measured of one model.</summary>
/// <param name="Name"><c>base</c>, <c>adapter</c> or <c>model</c>.</param>
/// <param name="Result">The evaluator's result.</param>
/// <param name="Rows">The losses by row.</param>
/// <param name="TokensPerSecond">Speed, over all tokens.</param>
internal sealed record Measurement(string Name, EvaluationResult Result, RowLosses Rows, double TokensPerSecond);
