using Graft.Training.Data;

namespace Graft.Cli.Configuration;

/// <summary>How samples are packed.</summary>
internal enum PackingStrategy
{
    /// <summary>Whole samples, by best fit.</summary>
    BestFit,

    /// <summary>By best fit; longer samples are cut into pieces.</summary>
    BestFitSplit,

    /// <summary>One after the other, cut wherever a pack is full.</summary>
    Wrapped,
}

/// <summary>The data: where it is, how it becomes samples.</summary>
internal static class DataKeys
{
    private static readonly SampleOptions Samples = new();

    public static readonly ConfigKey<IReadOnlyList<string>> Dataset = new(
        ConfigTypes.DataFiles, "dataset", [], "training data: files or patterns, JSONL, JSON, CSV, TSV or text", "data", "dataset_name", "dataset_path", "train_file", "train_data");

    public static readonly ConfigKey<IReadOnlyList<string>> EvalDataset = new(
        ConfigTypes.DataFiles, "eval_dataset", [], "held-back data to evaluate on", "eval_data", "eval_file", "validation_file", "validation_data");

    public static readonly ConfigKey<double?> TestSize = new(ConfigTypes.OptionalNumber, "test_size", null, "part of the data to hold back for evaluation: a share below 1, or a number of rows", "val_size", "val_set_size");

    public static readonly ConfigKey<int?> MaxTrainSamples = new(ConfigTypes.OptionalInteger, "max_train_samples", null, "use only so many training rows", "max_samples");

    public static readonly ConfigKey<int?> MaxEvalSamples = new(ConfigTypes.OptionalInteger, "max_eval_samples", null, "use only so many held-back rows");

    public static readonly ConfigKey<DataSetFormat?> Format = new(
        ConfigTypes.OptionalWord(("jsonl", DataSetFormat.JsonLines), ("json", DataSetFormat.Json), ("csv", DataSetFormat.Csv), ("text", DataSetFormat.Text)), "dataset_format", null, "format of the data; default: by the file's extension", "data_format");

    public static readonly ConfigKey<BadRowPolicy> BadRows = new(ConfigTypes.Word(("fail", BadRowPolicy.Fail), ("skip", BadRowPolicy.Skip)), "bad_rows", BadRowPolicy.Fail, "what to do with a row that cannot be read");

    public static readonly ConfigKey<char?> Sep = new(ConfigTypes.Character, "sep", null, "CSV: the separator; default: a comma, in .tsv files a tab", "delimiter");

    public static readonly ConfigKey<int?> Header = new(ConfigTypes.OptionalInteger, "header", null, "CSV: number of the line with the column names, from 0; -1 for none");

    public static readonly ConfigKey<IReadOnlyList<string>> ColumnNames = new(ConfigTypes.Names, "column_names", [], "CSV: the column names, instead of those in the file");

    public static readonly ConfigKey<string?> Field = new(ConfigTypes.Text, "json_field", null, "JSON: the key under which the rows stand", "field");

    public static readonly ConfigKey<SampleBy> SampleBy = new(
        ConfigTypes.Word(("line", Training.Data.SampleBy.Line), ("paragraph", Training.Data.SampleBy.Paragraph), ("document", Training.Data.SampleBy.Document)), "sample_by", Training.Data.SampleBy.Line, "text: what makes a row");

    public static readonly ConfigKey<bool> KeepLinebreaks = new(ConfigTypes.Switch, "keep_linebreaks", false, "text: whether lines keep their line feed");

    public static readonly ConfigKey<string?> Template = new(ConfigTypes.Text, "template", null, "how a row becomes a text: {column}, {column|separator of a list}, {|} where the completion begins");

    public static readonly ConfigKey<string?> PromptTemplate = new(ConfigTypes.Text, "prompt_template", null, "how a row becomes a prompt, which is given");

    public static readonly ConfigKey<string?> CompletionTemplate = new(ConfigTypes.Text, "completion_template", null, "how a row becomes a completion, which is learnt");

    public static readonly ConfigKey<string?> TextField = new(ConfigTypes.Text, "text_field", "text", "column that holds the text, where there is no template", "dataset_text_field", "text_column");

    public static readonly ConfigKey<NullPolicy> Nulls = new(ConfigTypes.Word(("fail", NullPolicy.Fail), ("empty", NullPolicy.Empty)), "nulls", Samples.Nulls, "what a template does with a null value");

    public static readonly ConfigKey<bool?> CompletionOnlyLoss = new(ConfigTypes.OptionalSwitch, "completion_only_loss", null, "learn the completion only; default: where prompt and completion are told apart");

    public static readonly ConfigKey<bool> AppendEos = new(ConfigTypes.Switch, "append_eos", Samples.AppendEos, "end every sample with the end-of-sequence token, so that the model learns to stop", "add_eos");

    public static readonly ConfigKey<int?> MaxLength = new(
        ConfigTypes.OptionalInteger, "max_length", Samples.MaxLength, "most tokens of a sample (at most what the model has positions for)", "max_seq_length", "max_seq_len", "cutoff_len", "sequence_len");

    public static readonly ConfigKey<LongSamplePolicy> LongRows = new(
        ConfigTypes.Word(("truncate", LongSamplePolicy.Truncate), ("drop", LongSamplePolicy.Drop), ("raise", LongSamplePolicy.Raise)), "long_rows", Samples.LongSamples, "what to do with longer samples; what is lost is counted", "excess_length_strategy");

    public static readonly ConfigKey<TruncationMode> TruncationMode = new(
        ConfigTypes.Word(("keep_start", Training.Data.TruncationMode.KeepStart), ("keep_end", Training.Data.TruncationMode.KeepEnd)), "truncation_mode", Samples.TruncationMode, "which end of a longer sample stays");

    public static readonly ConfigKey<UntrainableSamplePolicy> UntrainableRows = new(
        ConfigTypes.Word(("drop", UntrainableSamplePolicy.Drop), ("raise", UntrainableSamplePolicy.Raise)), "untrainable_rows", Samples.UntrainableSamples, "what to do with samples in which nothing is learnt");

    public static readonly ConfigKey<bool> Packing = new(ConfigTypes.Switch, "packing", false, "fill rows of max_length tokens with several samples; they never see each other");

    public static readonly ConfigKey<PackingStrategy> PackingStrategy = new(
        ConfigTypes.Word(("bfd", Configuration.PackingStrategy.BestFit), ("bfd_split", Configuration.PackingStrategy.BestFitSplit), ("wrapped", Configuration.PackingStrategy.Wrapped)), "packing_strategy", Configuration.PackingStrategy.BestFit, "how samples are packed");

    public static readonly ConfigKey<int?> BlockSize = new(ConfigTypes.OptionalInteger, "block_size", null, "pretraining: join all texts and cut them into blocks of so many tokens");

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        Dataset, EvalDataset, TestSize, MaxTrainSamples, MaxEvalSamples, Format, BadRows, Sep, Header, ColumnNames, Field, SampleBy, KeepLinebreaks, Template, PromptTemplate, CompletionTemplate,
        TextField, Nulls, CompletionOnlyLoss, AppendEos, MaxLength, LongRows, TruncationMode, UntrainableRows, Packing, PackingStrategy, BlockSize,
    ];
}
