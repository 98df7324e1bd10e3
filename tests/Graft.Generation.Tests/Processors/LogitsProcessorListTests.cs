using Graft.Generation.Processors;
using static Graft.Generation.Tests.Processors.ProcessorRuns;

namespace Graft.Generation.Tests.Processors;

public class LogitsProcessorListTests
{
    private const string Everything = """
        {"do_sample": true, "temperature": 0.8, "top_k": 30, "top_p": 0.95, "min_p": 0.02, "typical_p": 0.9, "epsilon_cutoff": 0.001, "eta_cutoff": 0.002,
         "top_h": 0.95, "repetition_penalty": 1.4, "no_repeat_ngram_size": 2, "encoder_repetition_penalty": 1.1, "encoder_no_repeat_ngram_size": 4,
         "renormalize_logits": true, "suppress_tokens": [73], "min_new_tokens": 4, "eos_token_id": 67, "bad_words_ids": [[58, 73]], "sequence_bias": [[[58], 2.5]],
         "exponential_decay_length_penalty": [0, 1.2], "remove_invalid_values": true, "begin_suppress_tokens": [19], "forced_bos_token_id": 3,
         "forced_eos_token_id": 4, "max_new_tokens": 100}
        """;

    [Fact]
    public void The_order_is_that_of_transformers()
    {
        IEnumerable<string> names = LogitsProcessorList.Build(Config(Everything)).Processors.Select(processor => processor.Name);
        Assert.Equal(
            [
                "SequenceBiasLogitsProcessor", "EncoderRepetitionPenaltyLogitsProcessor", "RepetitionPenaltyLogitsProcessor", "NoRepeatNGramLogitsProcessor",
                "EncoderNoRepeatNGramLogitsProcessor", "NoBadWordsLogitsProcessor", "MinNewTokensLengthLogitsProcessor", "ForcedBOSTokenLogitsProcessor",
                "ForcedEOSTokenLogitsProcessor", "InfNanRemoveLogitsProcessor", "ExponentialDecayLengthPenalty", "SuppressTokensLogitsProcessor",
                "SuppressTokensAtBeginLogitsProcessor", "TemperatureLogitsWarper", "TopHLogitsWarper", "TopKLogitsWarper", "TopPLogitsWarper",
                "MinPLogitsWarper", "TypicalLogitsWarper", "EpsilonLogitsWarper", "EtaLogitsWarper", "LogitNormalization",
            ],
            names);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"do_sample": true, "top_k": 0, "temperature": 1.0, "top_p": 1.0, "typical_p": 1.0, "epsilon_cutoff": 0.0, "repetition_penalty": 1.0, "guidance_scale": 1.0}""")]
    public void Settings_that_do_nothing_make_no_processor(string json) => Assert.Empty(LogitsProcessorList.Build(Config(json)).Processors);

    [Fact]
    public void After_the_first_call_nothing_is_allocated()
    {
        LogitsProcessorList list = LogitsProcessorList.Build(Config(Everything));
        float[] scores = [.. Enumerable.Range(0, 500).Select(i => (float)Math.Sin(i))];
        int[] tokens = [1, 2, 3, 1, 2];
        list.Process([.. scores], new ProcessorContext(tokens, 3));
        float[] second = [.. scores];
        long before = GC.GetAllocatedBytesForCurrentThread();
        list.Process(second, new ProcessorContext(tokens, 3));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Settings_that_would_be_ignored_are_refused()
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => LogitsProcessorList.Build(Config("""{"penalty_alpha": 0.6}""")));
        Assert.Contains("penalty_alpha", error.Message, StringComparison.Ordinal);
        Assert.Empty(LogitsProcessorList.Build(Config("""{"watermarking_config": null, "num_beam_groups": 1}""")).Processors);
    }
}
