using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Processors;

public class PenaltyTests
{
    [Fact]
    public void Repetition_counts_each_token_once()
        => Assert.Equal([1, -4, 3, -2], Process("""{"repetition_penalty": 2}""", [2, -2, 3, -2], [0, 1, 1, 0]));

    [Fact]
    public void Encoder_repetition_is_the_opposite_and_takes_the_prompt_without_an_encoder()
        => Assert.Equal([4, -1, 3], Process("""{"encoder_repetition_penalty": 2}""", [2, -2, 3], [0, 1, 2], promptLength: 2));

    [Fact]
    public void Tokens_outside_the_vocabulary_do_no_harm()
        => Assert.Equal([1f, 2f], Process("""{"repetition_penalty": 2, "no_repeat_ngram_size": 1}""", [1, 2], [7, -100]));

    [Theory]
    [InlineData(1, new[] { 1, 2, 1 }, new[] { 0, 3 })]
    [InlineData(2, new[] { 1, 2, 1 }, new[] { 0, 1, 3 })]
    [InlineData(2, new[] { 1 }, new[] { 0, 1, 2, 3 })]
    [InlineData(3, new[] { 0, 1, 2, 3, 0, 1 }, new[] { 0, 1, 3 })]
    public void N_grams_do_not_repeat(int size, int[] tokens, int[] support)
        => Assert.Equal(support, Support(Process($$"""{"no_repeat_ngram_size": {{size}}}""", new float[4], tokens)));

    [Fact]
    public void Biases_of_sequences_that_the_text_begins_add_up()
        => Assert.Equal([0, 7, -1], Process("""{"sequence_bias": [[[1], 2], [[0, 1], 5], [[2, 1], 9], [[2], -1]]}""", new float[3], [2, 0]));

    [Fact]
    public void A_bad_word_that_is_the_end_token_is_dropped()
        => Assert.Equal([0, 2], Support(Process("""{"bad_words_ids": [[0], [1], [2, 2]], "eos_token_id": 0}""", new float[3], [1])));

    [Fact]
    public void Empty_biased_sequences_are_refused()
        => Assert.Throws<ArgumentException>(() => Process("""{"sequence_bias": [[[], 2]]}""", new float[3], [0]));

    [Fact]
    public void Suppressed_tokens_do_not_come()
        => Assert.Equal([1], Support(Process("""{"suppress_tokens": [0, 2]}""", new float[3], [0])));

    [Theory]
    [InlineData(3, false, new[] { 1, 2 })]
    [InlineData(4, false, new[] { 0, 1, 2 })]
    [InlineData(3, true, new[] { 1, 2 })]
    public void Tokens_suppressed_at_the_beginning_come_later(int length, bool forcedBos, int[] support)
        => Assert.Equal(support, Support(Process(
            forcedBos ? """{"begin_suppress_tokens": [0], "forced_bos_token_id": 1}""" : """{"begin_suppress_tokens": [0]}""",
            new float[3],
            new int[length],
            promptLength: 3)));

    [Fact]
    public void After_a_forced_first_token_the_next_counts_as_first()
        => Assert.Equal([1, 2], Support(Process("""{"begin_suppress_tokens": [0], "forced_bos_token_id": 1}""", new float[3], [5, 1], promptLength: 1)));

    [Fact]
    public void Invalid_scores_become_finite()
        => Assert.Equal([0, float.MaxValue, float.MinValue, 3], Process("""{"remove_invalid_values": true}""", [float.NaN, float.PositiveInfinity, Never, 3], [0]));
}
