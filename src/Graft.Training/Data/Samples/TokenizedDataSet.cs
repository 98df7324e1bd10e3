namespace Graft.Training.Data;

/// <summary>Samples ready for training, what became of the others, and how long they are.</summary>
public sealed class TokenizedDataSet
{
    private TokenizedDataSet(IReadOnlyList<TokenizedSample> samples, FitReport report)
    {
        Samples = samples;
        Report = report;
        Statistics = LengthStatistics.Of(samples);
    }

    /// <summary>The samples, in the order of the rows.</summary>
    public IReadOnlyList<TokenizedSample> Samples { get; }

    /// <summary>What was cut and left out.</summary>
    public FitReport Report { get; }

    /// <summary>Lengths of the samples.</summary>
    public LengthStatistics Statistics { get; }

    /// <summary>Tokenises, labels and fits every row of <paramref name="data"/>.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="template">How rows become texts; null takes the usual columns, or token ids from <c>input_ids</c>.</param>
    /// <param name="encoder">Makes tokens of texts.</param>
    /// <param name="options">What is learnt, how long samples may be; null for the defaults.</param>
    /// <exception cref="InvalidDataException">A row that a policy refuses, or no sample is left.</exception>
    /// <exception cref="ArgumentException">No template, and no column that could stand for one; or a limit below one token.</exception>
    public static TokenizedDataSet Create(DataSet data, SampleTemplate? template, ITextEncoder encoder, SampleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        options ??= new SampleOptions();
        if (options.MaxLength is < 1)
        {
            throw new ArgumentException($"max_length must be at least 1, not {options.MaxLength}; null is no limit", nameof(options));
        }

        SampleTokenizer tokenizer = new(TemplateFor(data, template), encoder, options);
        var fitter = new SampleFitter(options.BlockSize is null ? options : options with { MaxLength = null });
        var samples = new List<TokenizedSample>(data.Rows.Count);
        foreach (Row row in data.Rows)
        {
            if (fitter.Fit(tokenizer.Tokenize(row)) is { } sample)
            {
                samples.Add(sample);
            }
        }

        if (samples.Count == 0)
        {
            SkippedRow first = fitter.Report.TooLong.Concat(fitter.Report.Untrainable).First();
            throw new InvalidDataException($"no sample is left of {data.Rows.Count} rows; the first was left out because: {first.Source}: {first.Reason}");
        }

        int doubledBos = encoder.BosTokenId is { } bos ? samples.Count(sample => sample.InputIds.AsSpan().StartsWith([bos, bos])) : 0;
        var rows = new TokenizedDataSet(samples, fitter.Report with { DoubledBosSamples = doubledBos });
        return options.BlockSize is { } size ? rows.Blocks(size) : rows;
    }

    /// <summary>
    /// All samples one after the other, cut into blocks of <paramref name="length"/> tokens; each block is one sequence, whatever texts it
    /// touches (<c>group_texts</c> of Hugging Face's run_clm.py). The last block is shorter instead of being dropped, unless it is a single token.
    /// </summary>
    /// <param name="length">Tokens of a block, at least 2.</param>
    /// <returns>The blocks; the source of each is that of the sample that it begins in.</returns>
    /// <exception cref="ArgumentException">A length below 2, or a sample with tokens that are not learnt: blocks are for plain texts.</exception>
    public TokenizedDataSet Blocks(int length)
    {
        if (length < 2)
        {
            throw new ArgumentException($"block_size must be at least 2, not {length}: in a shorter block nothing is predicted", nameof(length));
        }

        var blocks = new List<TokenizedSample>();
        int[] block = new int[length];
        int filled = 0;
        RowSource source = Samples[0].Source;
        foreach (TokenizedSample sample in Samples)
        {
            if (sample.Labels.AsSpan().Contains(TokenizedSample.Ignored))
            {
                throw new ArgumentException($"block_size is for plain texts, but in {sample.Source} some tokens are not learnt: leave block_size out, or learn prompts too (completion_only_loss: false)", nameof(length));
            }

            for (int taken = 0; taken < sample.Length;)
            {
                source = filled == 0 ? sample.Source : source;
                int count = Math.Min(length - filled, sample.Length - taken);
                sample.InputIds.AsSpan(taken, count).CopyTo(block.AsSpan(filled));
                taken += count;
                filled += count;
                if (filled == length)
                {
                    blocks.Add(new TokenizedSample(block, block, source));
                    (block, filled) = (new int[length], 0);
                }
            }
        }

        if (filled > 1)
        {
            int[] rest = block[..filled];
            blocks.Add(new TokenizedSample(rest, rest, source));
        }

        return new TokenizedDataSet(blocks, Report);
    }

    /// <summary>The given template, or the one that the columns ask for; null for rows of token ids.</summary>
    internal static SampleTemplate? TemplateFor(DataSet data, SampleTemplate? template)
        => template ?? (data.Columns.Contains(PretokenizedRow.InputIds) ? null : SampleTemplate.OfColumns(data.Columns));
}
