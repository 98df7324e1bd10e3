namespace Graft.Generation.Processors;

/// <summary>
/// The processors that a configuration asks for, in the order in which transformers applies them. A list serves one sequence at a
/// time; sequences on several threads need a list each.
/// </summary>
public sealed class LogitsProcessorList
{
    private readonly List<ILogitsProcessor> _processors = [];
    private readonly ProcessorScratch _scratch = new();

    private LogitsProcessorList()
    {
    }

    /// <summary>The processors, in order.</summary>
    public IReadOnlyList<ILogitsProcessor> Processors => _processors;

    /// <summary>Makes the list. Settings that do nothing (temperature 1, top_p 1, ...) make no processor.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="maxPositions">The model's <c>max_position_embeddings</c>, which caps the default length.</param>
    /// <param name="allowed">The caller's prefix constraint.</param>
    /// <param name="own">The caller's own processors; they come before sampling's.</param>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="NotSupportedException">A setting that Graft does not have.</exception>
    public static LogitsProcessorList Build(GenerationConfig config, int? maxPositions = null, AllowedTokens? allowed = null, IEnumerable<ILogitsProcessor>? own = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.RefuseUnsupported();
        var list = new LogitsProcessorList();
        list.AddBiases(config);
        list.AddLengthRules(config, allowed, config.LimitLength(maxPositions));
        list.AddSuppression(config);
        list._processors.AddRange(own ?? []);
        if (config.DoSample ?? false)
        {
            list.AddSampling(config);
        }

        if (config.RenormalizeLogits ?? false)
        {
            list._processors.Add(new LogitNormalizationProcessor());
        }

        return list;
    }

    /// <summary>Applies all processors in order.</summary>
    /// <param name="scores">The scores, changed in place.</param>
    /// <param name="context">What has been said so far.</param>
    public void Process(Span<float> scores, in ProcessorContext context)
    {
        foreach (ILogitsProcessor processor in _processors)
        {
            processor.Process(scores, context);
        }
    }

    private void AddBiases(GenerationConfig config)
    {
        AddIf(config.GuidanceScale is { } scale && scale != 1, () => new GuidanceProcessor(config.GuidanceScale!.Value));
        AddIf(config.SequenceBias is not null, () => new SequenceBiasProcessor(config.SequenceBias!));
        AddIf((config.EncoderRepetitionPenalty ?? 1) != 1, () => RepetitionPenaltyProcessor.ForEncoder(config.EncoderRepetitionPenalty!.Value, _scratch));
        AddIf((config.RepetitionPenalty ?? 1) != 1, () => RepetitionPenaltyProcessor.ForText(config.RepetitionPenalty!.Value, _scratch));
        AddIf((config.NoRepeatNgramSize ?? 0) > 0, () => NoRepeatNGramProcessor.ForText(config.NoRepeatNgramSize!.Value));
        AddIf((config.EncoderNoRepeatNgramSize ?? 0) > 0, () => NoRepeatNGramProcessor.ForEncoder(config.EncoderNoRepeatNgramSize!.Value));
        AddIf(config.BadWordsIds is not null, () => SequenceBiasProcessor.ForBadWords(config.BadWordsIds!, EndTokens(config)));
    }

    private void AddLengthRules(GenerationConfig config, AllowedTokens? allowed, LengthLimit limit)
    {
        IReadOnlyList<int> end = EndTokens(config);

        // min_new_tokens replaces min_length, even where it asks for less.
        AddIf(config.MinNewTokens is null && (config.MinLength ?? 0) > 0 && end.Count > 0, () => MinLengthProcessor.ForAll(config.MinLength!.Value, end));
        AddIf((config.MinNewTokens ?? 0) > 0 && end.Count > 0, () => MinLengthProcessor.ForNew(config.MinNewTokens!.Value, end));
        AddIf(allowed is not null, () => new PrefixConstraintProcessor(allowed!));
        AddIf(config.ForcedBosTokenId is not null, () => new ForcedBosProcessor(config.ForcedBosTokenId!.Value));
        AddIf(config.ForcedEosTokenId is not null, () => new ForcedEosProcessor(config.ForcedEosTokenId!, limit));
        AddIf(config.RemoveInvalidValues ?? false, () => new RemoveInvalidProcessor());
        if (config.ExponentialDecayLengthPenalty is { } decay)
        {
            _processors.Add(end.Count > 0
                ? new ExponentialDecayProcessor(decay.Start, decay.Factor, end)
                : throw new ArgumentException("exponential_decay_length_penalty needs an eos_token_id."));
        }
    }

    private void AddSuppression(GenerationConfig config)
    {
        AddIf(config.SuppressTokens is not null, () => new SuppressTokensProcessor(config.SuppressTokens!));
        AddIf(config.BeginSuppressTokens is not null, () => new BeginSuppressTokensProcessor(config.BeginSuppressTokens!, config.ForcedBosTokenId is not null));
    }

    private void AddSampling(GenerationConfig config)
    {
        // With beams enough tokens must stay that some beam can go on when others end.
        int kept = (config.NumBeams ?? 1) <= 1 ? 1 : Math.Max(2, EndTokens(config).Count + 1);
        int topK = config.TopK ?? GenerationConfig.DefaultTopK;
        AddIf((config.Temperature ?? 1) != 1, () => new TemperatureProcessor(config.Temperature!.Value));
        AddIf(config.TopH is not null, () => new TopHProcessor(config.TopH!.Value, _scratch));
        AddIf(topK != 0, () => new TopKProcessor(topK, kept, _scratch));
        AddIf((config.TopP ?? 1) < 1, () => new TopPProcessor(config.TopP!.Value, kept, _scratch));
        AddIf(config.MinP is not null, () => new MinPProcessor(config.MinP!.Value, kept, _scratch));
        AddIf((config.TypicalP ?? 1) < 1, () => new TypicalPProcessor(config.TypicalP!.Value, kept, _scratch));
        AddIf(config.EpsilonCutoff is > 0 and < 1, () => new EpsilonCutoffProcessor(config.EpsilonCutoff!.Value, kept, _scratch));
        AddIf(config.EtaCutoff is > 0 and < 1, () => new EtaCutoffProcessor(config.EtaCutoff!.Value, kept, _scratch));
    }

    private void AddIf(bool wanted, Func<ILogitsProcessor> make)
    {
        if (wanted)
        {
            _processors.Add(make());
        }
    }

    private static IReadOnlyList<int> EndTokens(GenerationConfig config) => config.EosTokenId ?? [];
}
