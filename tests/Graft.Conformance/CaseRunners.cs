using Graft.Conformance.Runners;

namespace Graft.Conformance;

/// <summary>All runners: one line a kind.</summary>
public static class CaseRunners
{
    private static readonly Dictionary<string, ICaseRunner> ByKind = new List<ICaseRunner>
    {
        new AdapterCombineRunner(),
        new AdapterFolderRunner(),
        new AdapterInitRunner(),
        new AdapterRefuseRunner(),
        new AdapterRunner(),
        new CharacterTablesRunner(),
        new AdaptersRunner(),
        new CheckpointFormatRunner(),
        new DatasetRunner(),
        new FourBitLinearRunner(),
        new GenerateRunner("beam-search"),
        new GenerateRunner("generate"),
        new GgufDequantizeRunner(),
        new GgufGridsRunner(),
        new GgufModelRunner(),
        new GgufQuantizeRunner(),
        new GradientClipRunner(),
        new Int8LinearRunner(),
        new LogitsProcessorRunner(),
        new ModelRefuseRunner(),
        new ModelRunner(),
        new OptimizerRunner(),
        new ParameterGroupsRunner(),
        new QuantizeRunner(),
        new QuantizedModelRunner(),
        new QuantizedModulesRunner(),
        new SamplingDistributionRunner(),
        new ScheduleRunner(),
        new SentencePieceRunner(),
        new SftLabelsRunner(),
        new StoppingCriteriaRunner(),
        new TablesRunner(),
        new Runners.TokenizerRunner(),
        new TrackerRunner(),
        new TrainingCheckpointRunner(),
        new TrainingRunner(),
    }.ToDictionary(runner => runner.Kind);

    /// <summary>Runs <paramref name="case"/> and never throws.</summary>
    public static CaseOutcome Run(ConformanceCase @case)
    {
        if (!ByKind.TryGetValue(@case.Kind, out ICaseRunner? runner))
        {
            return new CaseOutcome(CaseResult.NotYet, 0, $"kind '{@case.Kind}'");
        }

        var check = new Check(@case);
        try
        {
            AdapterCase.OrNotYet(() => runner.Run(@case, check));
            return new CaseOutcome(CaseResult.Passed, check.Worst, string.Empty);
        }
        catch (NotYetException e)
        {
            return new CaseOutcome(CaseResult.NotYet, check.Worst, e.Message);
        }
        catch (MismatchException e)
        {
            return new CaseOutcome(CaseResult.Failed, check.Worst, e.Message);
        }
#pragma warning disable CA1031 // A runner must survive whatever one case does; the exception is the result.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new CaseOutcome(CaseResult.Failed, check.Worst, $"{e.GetType().Name}: {e.Message}");
        }
    }
}
