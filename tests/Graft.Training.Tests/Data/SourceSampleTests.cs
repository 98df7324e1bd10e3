using Graft.Models;
using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

/// <summary>Samples for encoder-decoders: what is read and what is written are texts of their own.</summary>
public sealed class SourceSampleTests
{
    private const int No = TokenizedSample.Ignored;

    private static readonly Seq2SeqConfig T5 = (Seq2SeqConfig)ModelFamilies.All.Single(family => family.ModelType == "t5").ReadConfig(
        ConfigReader.Parse("""{ "model_type": "t5", "vocab_size": 90, "pad_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1 }"""));

    private readonly WordEncoder _encoder = new();

    [Fact]
    public void The_prompt_is_read_and_the_completion_written()
    {
        TokenizedSample sample = Create([("prompt", "one two</s>"), ("completion", "three four")]).Samples[0];
        Assert.Equal(_encoder.Encode("one two</s>").Ids, sample.SourceIds);
        int[] labels = [.. _encoder.Encode("three four").Ids, 1];
        Assert.Equal(labels, sample.Labels);
        Assert.Equal([0, .. labels[..^1]], sample.InputIds);
        Assert.Equal(3, sample.TrainableTokens);
    }

    [Fact]
    public void Rows_of_token_ids_have_labels_of_another_length()
    {
        TokenizedSample sample = Create([("input_ids", List(5, 6, 7)), ("labels", List(8, No))]).Samples[0];
        Assert.Equal([5, 6, 7], sample.SourceIds!);
        Assert.Equal([8, No], sample.Labels);
        Assert.Equal([0, 8], sample.InputIds);
        Assert.Equal(1, sample.TrainableTokens);
    }

    [Theory]
    [InlineData(TruncationMode.KeepStart, new[] { 5, 6, 1 })]
    [InlineData(TruncationMode.KeepEnd, new[] { 7, 8, 1 })]
    public void Long_texts_are_cut_and_the_source_keeps_its_end_token(TruncationMode mode, int[] source)
    {
        TokenizedDataSet data = Create([("input_ids", List(5, 6, 7, 8, 1)), ("labels", List(9, 10, 11, 12, 1))], new SampleOptions { MaxLength = 3, TruncationMode = mode });
        Assert.Equal(source, data.Samples[0].SourceIds);
        Assert.Equal([9, 10, 11], data.Samples[0].Labels);
        Assert.Equal([0, 9, 10], data.Samples[0].InputIds);
        Assert.Equal((1, 2), (data.Report.TruncatedSamples, data.Report.LostTrainableTokens));
        Assert.Throws<InvalidDataException>(() => Create([("input_ids", List(5, 6, 7, 8)), ("labels", List(9))], new SampleOptions { MaxLength = 3, LongSamples = LongSamplePolicy.Raise }));
    }

    [Fact]
    public void The_preview_shows_both_texts()
    {
        DataSet rows = DataSet.FromRows([Fields([("prompt", "one two"), ("completion", "🌱 three")])]);
        SamplePreview preview = SamplePreview.First(1, rows, null, _encoder, new SampleOptions { EncoderDecoder = T5 })[0];
        Assert.Equal("one two🌱 three", string.Concat(preview.Tokens.Select(token => token.Text)));
        Assert.Equal([false, false, true, true, true], preview.Tokens.Select(token => token.Trained));
        Assert.Equal(1, preview.Tokens[^1].Id);
    }

    [Fact]
    public void Rows_that_do_not_fit_are_refused()
    {
        Refused("one text only", [("text", "a b")]);
        Refused("'labels'", [("input_ids", List(5))]);
        Refused("at least one token", [("input_ids", List(5)), ("labels", List())]);
        Refused("prompt is empty", [("prompt", ""), ("completion", "a")]);
        Refused("source token 1 has id 95", [("input_ids", List(5, 95)), ("labels", List(6))], new SampleOptions { VocabularySize = 90 });
        Refused("label 1 has id 95", [("input_ids", List(5)), ("labels", List(6, 95))], new SampleOptions { VocabularySize = 90 });
        Assert.Throws<ArgumentException>(() => Create([("prompt", "a"), ("completion", "b")], new SampleOptions { BlockSize = 8 }));
    }

    private static List<object?> List(params long[] values) => [.. values.Select(value => (object?)value)];

    private static Dictionary<string, object?> Fields((string Name, object? Value)[] fields) => fields.ToDictionary(field => field.Name, field => field.Value);

    private void Refused(string expected, (string Name, object? Value)[] row, SampleOptions? options = null)
        => Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Create(row, options)).Message, StringComparison.Ordinal);

    private TokenizedDataSet Create((string Name, object? Value)[] row, SampleOptions? options = null)
        => TokenizedDataSet.Create(DataSet.FromRows([Fields(row)]), null, _encoder, (options ?? new SampleOptions()) with { EncoderDecoder = T5 });
}
