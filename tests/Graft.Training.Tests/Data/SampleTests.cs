using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

public sealed class SampleTests
{
    private const int No = TokenizedSample.Ignored;

    private readonly WordEncoder _encoder = new();

    [Fact]
    public void Plain_text_is_learnt_whole_and_ends_with_one_end_token()
    {
        TokenizedDataSet data = Create([[("text", "a b")], [("text", "a b</s>")]]);

        Assert.All(data.Samples, sample => Assert.Equal(sample.InputIds, sample.Labels));
        Assert.All(data.Samples, sample => Assert.Equal(3, sample.Length));
        Assert.Equal(1, data.Samples[0].InputIds[^1]);
        Assert.Equal(2, data.Samples[0].TrainableTokens);
    }

    [Fact]
    public void Only_the_completion_is_learnt_and_a_token_across_the_border_with_it()
    {
        TokenizedDataSet data = Create([[("prompt", "one two"), ("completion", " three")], [("prompt", "one wor"), ("completion", "ld x")]]);

        Assert.Equal([No, No, data.Samples[0].InputIds[2], 1], data.Samples[0].Labels);
        Assert.Equal(_encoder.Encode("one world x</s>").Ids, data.Samples[1].InputIds);
        Assert.Equal([No, .. data.Samples[1].InputIds[1..]], data.Samples[1].Labels);
    }

    [Fact]
    public void A_mark_in_one_template_is_two_templates()
    {
        Row row = DataSet.FromRows([Fields(("quote", "🌱 be"), ("tags", "x y"))]).Rows[0];

        TokenizedSample marked = Sample(SampleTemplate.OfText(Template.Parse("“{quote}” ->:{|} {tags}")), row);
        TokenizedSample apart = Sample(SampleTemplate.OfPromptAndCompletion(Template.Parse("“{quote}” ->:"), Template.Parse(" {tags}")), row);

        Assert.Equal(apart.InputIds, marked.InputIds);
        Assert.Equal(apart.Labels, marked.Labels);
        Assert.Equal(3, marked.TrainableTokens);
        Assert.Throws<ArgumentException>(() => SampleTemplate.OfPromptAndCompletion(Template.Parse("{|}a"), Template.Parse("b")));
    }

    [Fact]
    public void Everything_is_learnt_on_request()
        => Assert.DoesNotContain(No, Create([[("prompt", "a"), ("completion", " b")]], new SampleOptions { CompletionOnlyLoss = false }).Samples[0].Labels);

    [Fact]
    public void Rows_of_token_ids_are_taken_as_they_are()
    {
        IReadOnlyDictionary<string, object?> row = Fields(("input_ids", List(5, 6, 7)), ("completion_mask", List(0, 1, 1)));

        Assert.Equal([5, 6, 7], TokenizedDataSet.Create(DataSet.FromRows([row]), null, _encoder).Samples[0].Labels);
        Assert.Equal([No, 6, 7], TokenizedDataSet.Create(DataSet.FromRows([row]), null, _encoder, new SampleOptions { CompletionOnlyLoss = true }).Samples[0].Labels);
        Assert.Equal([No, 6, No], TokenizedDataSet.Create(DataSet.FromRows([Fields(("input_ids", List(5, 6, 7)), ("assistant_masks", List(0, 1, 0)))]), null, _encoder).Samples[0].Labels);
        Assert.Equal([No, 9, 7], TokenizedDataSet.Create(DataSet.FromRows([Fields(("input_ids", List(5, 6, 7)), ("labels", List(No, 9, 7)), ("assistant_masks", List(0, 0, 0)))]), null, _encoder).Samples[0].Labels);
        Refused("'completion_mask' has 1 elements, but 'input_ids' has 2", Fields(("input_ids", List(5, 6)), ("completion_mask", List(1))), new SampleOptions { CompletionOnlyLoss = true });
        Refused("'input_ids'[1] is not an integer", Fields(("input_ids", new List<object?> { 5L, "6" })));
        Refused("needs a 'completion_mask'", Fields(("input_ids", List(5, 6))), new SampleOptions { CompletionOnlyLoss = true });
    }

    [Fact]
    public void Long_samples_are_cut_and_counted()
    {
        (string, object?)[][] rows = [[("prompt", "a b"), ("completion", " c d e")], [("prompt", "a b c d"), ("completion", " e")], [("prompt", "a"), ("completion", " b")]];

        TokenizedDataSet data = Create(rows, new SampleOptions { MaxLength = 4 });

        Assert.Equal(2, data.Samples.Count);
        Assert.Equal(2, data.Report.TruncatedSamples);
        Assert.Equal(4, data.Report.LostTrainableTokens);
        SkippedRow untrainable = Assert.Single(data.Report.Untrainable);
        Assert.Equal(new RowSource("rows", 2), untrainable.Source);
        Assert.Contains("the prompt fills it", untrainable.Reason, StringComparison.Ordinal);
        Assert.Equal([No, No, .. data.Samples[0].InputIds[2..]], data.Samples[0].Labels);
    }

    [Fact]
    public void The_end_of_long_samples_can_be_kept_instead()
    {
        TokenizedSample sample = Create([[("prompt", "a b"), ("completion", " c d")]], new SampleOptions { MaxLength = 3, TruncationMode = TruncationMode.KeepEnd }).Samples[0];

        Assert.Equal(_encoder.Encode(" c d</s>").Ids, sample.InputIds);
    }

    [Fact]
    public void Long_samples_can_be_dropped_or_refused()
    {
        (string, object?)[][] rows = [[("text", "a b c d")], [("text", "a")]];

        TokenizedDataSet data = Create(rows, new SampleOptions { MaxLength = 3, LongSamples = LongSamplePolicy.Drop });

        Assert.Equal("5 tokens, but max_length is 3", Assert.Single(data.Report.TooLong).Reason);
        Assert.Single(data.Samples);
        string message = Assert.Throws<InvalidDataException>(() => Create(rows, new SampleOptions { MaxLength = 3, LongSamples = LongSamplePolicy.Raise })).Message;
        Assert.StartsWith("rows:1: 5 tokens, but max_length is 3", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_without_a_learnt_token_can_be_refused_and_so_is_a_set_without_samples()
    {
        (string, object?)[][] rows = [[("prompt", "a"), ("completion", string.Empty)]];
        SampleOptions options = new() { AppendEos = false };

        Assert.Contains("rows:1: no token is learnt", Assert.Throws<InvalidDataException>(() => Create(rows, options)).Message, StringComparison.Ordinal);
        Assert.StartsWith("rows:1: ", Assert.Throws<InvalidDataException>(() => Create(rows, options with { UntrainableSamples = UntrainableSamplePolicy.Raise })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_beyond_the_embedding_are_refused()
    {
        Refused("token 1 has id 9, but the model's embedding has 9 rows", Fields(("input_ids", List(8, 9))), new SampleOptions { VocabularySize = 9 });
        Refused("token 0 has id -1", Fields(("input_ids", List(-1, 2))));
    }

    [Fact]
    public void Two_beginnings_of_a_text_are_counted()
    {
        DataSet data = DataSet.FromRows([Fields(("input_ids", List(3, 3, 5))), Fields(("input_ids", List(3, 5)))]);

        Assert.Equal(1, TokenizedDataSet.Create(data, null, new WordEncoder { BosTokenId = 3 }).Report.DoubledBosSamples);
        Assert.Equal(0, TokenizedDataSet.Create(data, null, _encoder).Report.DoubledBosSamples);
    }

    [Fact]
    public void Data_without_usual_columns_needs_a_template()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Create([[("texts", "a")]]));

        Assert.Contains("did you mean 'texts'?", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Create([[("text", "a")]], new SampleOptions { MaxLength = 0 }));
    }

    [Fact]
    public void Statistics_measure_lengths()
    {
        LengthStatistics lengths = Create([.. Enumerable.Range(1, 40).Select(n => new (string, object?)[] { ("text", string.Concat(Enumerable.Repeat(" a", n))) })]).Statistics;

        Assert.Equal((40, 2, 21, 37, 41), (lengths.Count, lengths.Min, lengths.Median, lengths.P90, lengths.Max));
        Assert.Equal(Enumerable.Range(2, 40).Sum(), lengths.TotalTokens);
        Assert.Equal(lengths.TotalTokens - 40, lengths.TrainableTokens);
        Assert.Equal(40, lengths.Histogram.Sum(bin => bin.Count));
        Assert.InRange(lengths.Histogram.Count, 10, 16);
        Assert.Equal((2, 4, 3), (lengths.Histogram[0].From, lengths.Histogram[0].To, lengths.Histogram[0].Count));
    }

    [Fact]
    public void The_preview_shows_tokens_as_text_and_what_is_learnt()
    {
        DataSet data = DataSet.FromRows([Fields(("prompt", "🌱 one"), ("completion", " two"))]);

        SamplePreview preview = SamplePreview.First(3, data, null, _encoder, new SampleOptions { MaxLength = 4 }).Single();

        Assert.Equal(["🌱", " one", " two", string.Empty], preview.Tokens.Select(token => token.Text));
        Assert.Equal([false, false, true, true], preview.Tokens.Select(token => token.Trained));
        Assert.Equal("🌱 one two", preview.Text);
        Assert.Null(preview.LeftOut);
        SamplePreview cut = SamplePreview.First(1, data, null, _encoder, new SampleOptions { MaxLength = 2, TruncationMode = TruncationMode.KeepEnd }).Single();
        Assert.Equal([" two", string.Empty], cut.Tokens.Select(token => token.Text));
        Assert.Contains("prompt fills it", SamplePreview.First(1, data, null, _encoder, new SampleOptions { MaxLength = 2 }).Single().LeftOut, StringComparison.Ordinal);
    }

    private static List<object?> List(params long[] values) => [.. values.Select(value => (object?)value)];

    private static OrderedDictionary<string, object?> Fields(params (string Name, object? Value)[] fields)
    {
        var values = new OrderedDictionary<string, object?>();
        foreach ((string name, object? value) in fields)
        {
            values.Add(name, value);
        }

        return values;
    }

    private TokenizedDataSet Create((string, object?)[][] rows, SampleOptions? options = null)
        => TokenizedDataSet.Create(DataSet.FromRows(rows.Select(Fields)), null, _encoder, options);

    private TokenizedSample Sample(SampleTemplate template, Row row) => new SampleTokenizer(template, _encoder, new SampleOptions()).Tokenize(row);

    private void Refused(string says, IReadOnlyDictionary<string, object?> row, SampleOptions? options = null)
    {
        string message = Assert.Throws<InvalidDataException>(() => TokenizedDataSet.Create(DataSet.FromRows([row]), null, _encoder, options)).Message;
        Assert.StartsWith("rows:1: ", message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
    }
}
