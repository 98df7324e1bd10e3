using Graft.Models;
using Graft.Tensors;
using Graft.Text;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>The data of a run: read, rendered, tokenised, held back, packed.</summary>
internal sealed class RunData
{
    // Names the stream of random numbers that chooses the held-back rows.
    private const ulong HeldBack = 0x68656c64;

    // Samples of each pack; null when there are no packs.
    private int[]? _packs;

    private RunData(DataSet rows, TokenizedDataSet tokenized, SampleTemplate? template, SampleOptions options)
    {
        Rows = rows;
        Template = template;
        Options = options;
        Report = tokenized.Report;
    }

    /// <summary>The training rows, held-back ones included where they come from the same files.</summary>
    public DataSet Rows { get; }

    /// <summary>How rows become texts; null when the columns say it themselves.</summary>
    public SampleTemplate? Template { get; }

    /// <summary>How texts become samples.</summary>
    public SampleOptions Options { get; }

    /// <summary>What was cut and left out.</summary>
    public FitReport Report { get; }

    /// <summary>The training samples.</summary>
    public IReadOnlyList<TokenizedSample> Samples { get; private set; } = [];

    /// <summary>The held-back samples; may be empty.</summary>
    public IReadOnlyList<TokenizedSample> EvalSamples { get; private set; } = [];

    /// <summary>Number of packs; 0 when there are none.</summary>
    public int PackCount => _packs?.Length ?? 0;

    /// <summary>Whether several samples share a row.</summary>
    public bool IsPacked => _packs is not null;

    /// <summary>Lengths of the training samples.</summary>
    public LengthStatistics Statistics => LengthStatistics.Of(Samples);

    /// <summary>What the user should know about the data, though nothing is wrong.</summary>
    public IEnumerable<string> Warnings
    {
        get
        {
            foreach (string warning in Rows.Warnings)
            {
                yield return warning;
            }

            if (Rows.SkippedRows.Count > 0)
            {
                yield return $"{Rows.SkippedRows.Count} rows could not be read and were skipped, the first: {Rows.SkippedRows[0].Reason}";
            }

            if (Report.TruncatedSamples > 0)
            {
                yield return $"{Report.TruncatedSamples} samples were cut to max_length {Options.MaxLength}; {Report.LostTrainableTokens} learnt tokens are lost";
            }

            if (Report.TooLong.Count > 0)
            {
                yield return $"{Report.TooLong.Count} samples were left out as too long, the first: {Report.TooLong[0].Source}: {Report.TooLong[0].Reason}";
            }

            if (Report.Untrainable.Count > 0)
            {
                yield return $"{Report.Untrainable.Count} samples were left out, the first: {Report.Untrainable[0].Source}: {Report.Untrainable[0].Reason}";
            }

            if (Report.DoubledBosSamples > 0)
            {
                yield return $"{Report.DoubledBosSamples} samples begin with two beginning-of-sequence tokens: take it out of the text, the tokenizer adds one";
            }
        }
    }

    /// <summary>Reads and tokenises everything.</summary>
    /// <param name="configuration">Which files, which templates, which limits.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="model">The model that is to learn it.</param>
    public static RunData Load(RunConfiguration configuration, Tokenizer tokenizer, ModelConfig model)
    {
        var encoder = new TokenizerEncoder(tokenizer);
        SampleOptions options = configuration.ToSampleOptions(model.VocabularySize, model.MaximumPositions) with { EncoderDecoder = model as Seq2SeqConfig };
        DataSet rows = Read(configuration, DataKeys.Dataset, "dataset", "--data FILE");
        SampleTemplate? template = configuration.ToTemplate(rows.Columns);
        TokenizedDataSet tokenized = TokenizedDataSet.Create(rows, template, encoder, options);
        var data = new RunData(rows, tokenized, template, options);
        (data.Samples, data.EvalSamples) = HoldBack(configuration, tokenized.Samples);
        if (configuration.Get(DataKeys.EvalDataset).Count > 0)
        {
            DataSet evalRows = Read(configuration, DataKeys.EvalDataset, "eval_dataset", "--eval_dataset FILE");
            data.EvalSamples = TokenizedDataSet.Create(evalRows, configuration.ToTemplate(evalRows.Columns), encoder, options).Samples;
        }

        data.Samples = First(data.Samples, configuration.Get(DataKeys.MaxTrainSamples), "max_train_samples");
        data.EvalSamples = First(data.EvalSamples, configuration.Get(DataKeys.MaxEvalSamples), "max_eval_samples");
        if (configuration.Get(DataKeys.Packing))
        {
            data.Pack(configuration);
        }

        return data;
    }

    /// <summary>The order of the samples, in batches as the configuration now says.</summary>
    public IBatchPlan CreateBatches(RunConfiguration configuration)
        => _packs is null ? new BatchPlan(Samples, configuration.ToBatchOptions()) : new PackedBatchPlan(_packs, configuration.ToBatchOptions());

    private static DataSet Read(RunConfiguration configuration, ConfigKey<IReadOnlyList<string>> key, string name, string flag)
    {
        IReadOnlyList<string> paths = configuration.Get(key);
        return paths.Count > 0
            ? DataSet.Load([.. paths.SelectMany(path => DataPaths.Expand(path, name))], configuration.ToDataSetOptions())
            : throw new ArgumentException($"no data: give {name} in the file, or {flag}");
    }

    /// <summary>Takes <c>test_size</c> samples out by chance; both parts keep the order of the rows.</summary>
    private static (IReadOnlyList<TokenizedSample> Train, IReadOnlyList<TokenizedSample> Eval) HoldBack(RunConfiguration configuration, IReadOnlyList<TokenizedSample> samples)
    {
        if (configuration.Get(DataKeys.TestSize) is not { } size)
        {
            return (samples, []);
        }

        if (configuration.Get(DataKeys.EvalDataset).Count > 0)
        {
            throw new ArgumentException("test_size and eval_dataset exclude each other: held-back rows come from one of them");
        }

        // As datasets' train_test_split counts: a share is rounded up.
        double count = size < 1 ? Math.Ceiling(size * samples.Count) : Math.Floor(size);
        if (count < 1 || count >= samples.Count)
        {
            throw new ArgumentException($"test_size {size} of {samples.Count} samples leaves {(count < 1 ? "nothing to evaluate on" : "nothing to train on")}");
        }

        ulong seed = CounterRandom.Derive(configuration.Get(TrainingKeys.DataSeed) ?? configuration.Get(TrainingKeys.Seed), HeldBack);
        var held = EpochOrder.Shuffled(samples.Count, seed, 0).Take((int)count).ToHashSet();
        return ([.. samples.Where((_, i) => !held.Contains(i))], [.. samples.Where((_, i) => held.Contains(i))]);
    }

    private static IReadOnlyList<TokenizedSample> First(IReadOnlyList<TokenizedSample> samples, int? limit, string name)
        => limit is not { } count ? samples
            : count > 0 ? [.. samples.Take(count)]
            : throw new ArgumentException($"{name} must be at least 1, but is {count}");

    /// <summary>Puts the samples in the order of their packs.</summary>
    private void Pack(RunConfiguration configuration)
    {
        if (configuration.Get(DataKeys.BlockSize) is not null)
        {
            throw new ArgumentException("block_size and packing exclude each other: blocks are full already");
        }

        if (Options.EncoderDecoder is not null)
        {
            throw new ArgumentException("packing is for models that continue texts; the batches of an encoder-decoder have no padding anyway: leave it out");
        }

        int length = configuration.Get(DataKeys.MaxLength) ?? throw new ArgumentException("packing needs max_length, the length of a pack");
        int[] lengths = [.. Samples.Select(sample => sample.Length)];
        IReadOnlyList<IReadOnlyList<PackedPiece>> packs = configuration.Get(DataKeys.PackingStrategy) switch
        {
            PackingStrategy.BestFit => SequencePacking.BestFitDecreasing(lengths, length),
            PackingStrategy.BestFitSplit => SequencePacking.BestFitDecreasingSplit(lengths, length),
            _ => SequencePacking.Wrapped(lengths, length),
        };
        _packs = [.. packs.Select(pack => pack.Count)];
        Samples = [.. packs.SelectMany(pack => SequencePacking.Sequences(Samples, pack))];
    }
}
