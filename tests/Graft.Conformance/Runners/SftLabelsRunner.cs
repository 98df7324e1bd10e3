using System.Text.Json;
using Graft.Text;
using Graft.Training.Data;

namespace Graft.Conformance;

/// <summary>Prepares rows for supervised fine-tuning and compares ids, labels and packs with TRL's.</summary>
public sealed class SftLabelsRunner : ICaseRunner
{
    private const int DefaultMaxLength = 1024;

    /// <inheritdoc/>
    public string Kind => "sft-labels";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        var config = new SftConfig(@case.Root.GetProperty("config"));
        if (@case.Has("refuse") && @case.Root.GetProperty("refuse").GetBoolean())
        {
            Check.Refuses("preparing", [], () => Prepare(@case, config));
            return;
        }

        IReadOnlyList<IReadOnlyList<TokenizedSample>> prepared = Prepare(@case, config);
        JsonElement expected = @case.Root.GetProperty("expected");
        Check.Equal("rows", expected.GetArrayLength(), prepared.Count);
        for (int i = 0; i < prepared.Count; i++)
        {
            CompareRow($"row {i}", expected[i], prepared[i]);
        }

        if (@case.Has("batch"))
        {
            CompareBatch(@case.Root.GetProperty("batch"), RaggedBatch.Of([.. prepared.SelectMany(pack => pack)]));
        }
    }

    /// <summary>The prepared rows, each a pack of one or more sequences.</summary>
    private static IReadOnlyList<IReadOnlyList<TokenizedSample>> Prepare(ConformanceCase @case, SftConfig config)
    {
        DataSet data = DataSet.FromRows(@case.Root.GetProperty("rows").EnumerateArray().Select(row => (IReadOnlyDictionary<string, object?>)ValueOf(row)!));
        bool tokenized = data.Columns.Contains("input_ids");
        if (IsConversational(data))
        {
            throw new NotYetException("chat templates");
        }

        if (config is { PaddingFree: true, Packing: false, MaxLength: not null })
        {
            throw new NotYetException("padding_free with max_length and without packing");
        }

        ITextEncoder encoder = tokenized ? new NoEncoder() : new TokenizerEncoder(Tokenizer.Load(@case.PathOf("tokenizer")), config.EosToken);
        SampleTemplate? template = tokenized ? null : SampleTemplate.OfColumns(data.Columns, config.DatasetTextField);
        var options = new SampleOptions
        {
            MaxLength = config.Packing ? null : config.MaxLength,
            TruncationMode = config.TruncationMode,
            CompletionOnlyLoss = config.CompletionOnlyLoss,
        };
        IReadOnlyList<TokenizedSample> samples = TokenizedDataSet.Create(data, template, encoder, options).Samples;
        return config.Packing ? Pack(samples, config) : [.. samples.Select(sample => new[] { sample })];
    }

    private static bool IsConversational(DataSet data)
        => data.Columns.Contains("messages") || data.Columns.Contains("conversations")
            || (data.Columns.Contains("prompt") && data.Rows.Any(row => row.TryGetValue("prompt", out object? prompt) && prompt is IReadOnlyList<object?>));

    private static IReadOnlyList<IReadOnlyList<TokenizedSample>> Pack(IReadOnlyList<TokenizedSample> samples, SftConfig config)
    {
        int[] lengths = [.. samples.Select(sample => sample.Length)];
        int maxLength = config.MaxLength ?? throw new ArgumentException("packing needs max_length");
        IReadOnlyList<IReadOnlyList<PackedPiece>> packs = config.PackingStrategy switch
        {
            "bfd" => SequencePacking.BestFitDecreasing(lengths, maxLength),
            "bfd_split" => SequencePacking.BestFitDecreasingSplit(lengths, maxLength),
            "wrapped" => SequencePacking.Wrapped(lengths, maxLength),
            var other => throw new NotYetException($"packing_strategy {other}"),
        };
        return [.. packs.Select(pack => SequencePacking.Sequences(samples, pack))];
    }

    private static void CompareRow(string what, JsonElement expected, IReadOnlyList<TokenizedSample> pack)
    {
        Check.Equal($"{what} input_ids", Integers(expected.GetProperty("input_ids")), [.. pack.SelectMany(sample => sample.InputIds)]);
        Check.Equal($"{what} labels", Integers(expected.GetProperty("labels")), [.. pack.SelectMany(sample => sample.Labels)]);
        if (expected.TryGetProperty("seq_lengths", out JsonElement lengths))
        {
            Check.Equal($"{what} seq_lengths", Integers(lengths), [.. pack.Select(sample => sample.Length)]);
        }
    }

    private static void CompareBatch(JsonElement expected, RaggedBatch batch)
    {
        foreach (JsonProperty part in expected.EnumerateObject())
        {
            IEnumerable<int> actual = part.Name switch
            {
                "input_ids" => batch.InputIds,
                "labels" => batch.Labels,
                "cu_seq_lens_q" or "cu_seq_lens_k" => batch.Offsets,
                "position_ids" => Enumerable.Range(0, batch.Count).SelectMany(i => Enumerable.Range(0, batch.Offsets[i + 1] - batch.Offsets[i])),
                "seq_idx" => Enumerable.Range(0, batch.Count).SelectMany(i => Enumerable.Repeat(i, batch.Offsets[i + 1] - batch.Offsets[i])),
                "max_length_q" or "max_length_k" => [Enumerable.Range(0, batch.Count).Max(i => batch.Offsets[i + 1] - batch.Offsets[i])],
                var other => throw new NotYetException($"batch field {other}"),
            };
            Check.Equal($"batch {part.Name}", Integers(part.Value), [.. actual]);
        }
    }

    private static IReadOnlyList<int> Integers(JsonElement value)
        => value.ValueKind == JsonValueKind.Number ? [value.GetInt32()] : [.. value.EnumerateArray().Select(item => item.GetInt32())];

    private static object? ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new OrderedDictionary<string, object?>(value.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, ValueOf(field.Value)))),
        JsonValueKind.Array => (List<object?>)[.. value.EnumerateArray().Select(ValueOf)],
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out long integer) ? (object)integer : value.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The fields of SFTConfig that decide ids, labels and packs, with TRL's defaults.</summary>
    private sealed class SftConfig
    {
        public SftConfig(JsonElement config)
        {
            foreach (JsonProperty field in config.EnumerateObject())
            {
                Set(field.Name, field.Value);
            }
        }

        public bool Packing { get; private set; }

        public string PackingStrategy { get; private set; } = "bfd";

        public int? MaxLength { get; private set; } = DefaultMaxLength;

        public TruncationMode TruncationMode { get; private set; }

        public bool? CompletionOnlyLoss { get; private set; }

        /// <summary>Batches never have padding, so this changes nothing; TRL refuses it with a length limit and without packing.</summary>
        public bool PaddingFree { get; private set; }

        public string? EosToken { get; private set; }

        public string DatasetTextField { get; private set; } = "text";

        private void Set(string name, JsonElement value)
        {
            switch (name)
            {
                case "packing":
                    Packing = value.GetBoolean();
                    break;
                case "packing_strategy":
                    PackingStrategy = value.GetString()!;
                    break;
                case "max_length":
                    MaxLength = value.ValueKind == JsonValueKind.Null ? null : value.GetInt32();
                    break;
                case "truncation_mode":
                    TruncationMode = value.GetString() switch
                    {
                        "keep_start" => TruncationMode.KeepStart,
                        "keep_end" => TruncationMode.KeepEnd,
                        var other => throw new NotYetException($"truncation_mode {other}"),
                    };
                    break;
                case "completion_only_loss":
                    CompletionOnlyLoss = value.ValueKind == JsonValueKind.Null ? null : value.GetBoolean();
                    break;
                case "eos_token":
                    EosToken = value.GetString();
                    break;
                case "dataset_text_field":
                    DatasetTextField = value.GetString()!;
                    break;
                case "padding_free":
                    PaddingFree = value.GetBoolean();
                    break;
                case "assistant_only_loss" when value.ValueKind == JsonValueKind.False:
                    break;
                default:
                    throw new NotYetException($"SFTConfig {name} = {value}");
            }
        }
    }

    /// <summary>Stands for the tokenizer where rows are token ids already.</summary>
    private sealed class NoEncoder : ITextEncoder
    {
        public int? EosTokenId => null;

        public int? BosTokenId => null;

        public EncodedText Encode(string text) => throw new NotSupportedException("rows of token ids hold no text");
    }
}
