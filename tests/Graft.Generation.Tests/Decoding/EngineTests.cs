using Graft.Generation.Decoding;
using Graft.Generation.Processors;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Tensors.Threading;
using static Graft.Generation.Tests.Decoding.EngineRuns;
using static Graft.Generation.Tests.TinyModels;

namespace Graft.Generation.Tests.Decoding;

/// <summary>What a text is, whatever runs beside it, and what the engine refuses.</summary>
public class EngineTests
{
    private const string Sampling = """{"do_sample":true,"temperature":1.3,"top_k":40,"top_p":0.95,"max_new_tokens":20,"eos_token_id":[7,8]}""";

    [Theory]
    [MemberData(nameof(Families), MemberType = typeof(TinyModels))]
    public void Each_token_is_the_likeliest_after_all_before_it(string family)
    {
        using CausalLanguageModel model = Create(family);
        int[] tokens = Alone(model, Request(Prompt(9), """{"max_new_tokens":30}"""));
        Assert.Equal(39, tokens.Length);
        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSequence(tokens);
        Tensor logits = model.Logits(context, model.Forward(context));
        for (int i = 8; i < tokens.Length - 1; i++)
        {
            Span<float> scores = logits.Row(i);
            float best = scores.ToArray().Max();
            Assert.True(best - scores[tokens[i + 1]] <= 1e-4 * Math.Abs(best), $"token {i + 1}");
        }
    }

    [Theory]
    [MemberData(nameof(Families), MemberType = typeof(TinyModels))]
    public void A_batch_gives_the_texts_of_its_prompts_one_by_one(string family)
    {
        using CausalLanguageModel model = Create(family);
        GenerationRequest[] requests =
        [
            Request(Prompt(1), """{"max_new_tokens":25}"""),
            Request(Prompt(40, 1), """{"max_new_tokens":9,"repetition_penalty":1.4}"""),
            Request(Prompt(7, 2), Sampling),
            Request(Prompt(8, 3), Sampling, seed: 5),
            Request(Prompt(13, 4), """{"max_length":30,"no_repeat_ngram_size":2}"""),
            Request(Prompt(5, 5), """{"max_new_tokens":16,"guidance_scale":1.5}""") with { NegativePromptIds = Prompt(11, 6) },
            Request(Prompt(3, 7), """{"max_new_tokens":18,"prompt_lookup_num_tokens":4}"""),
            Request(Prompt(3, 7), """{"max_new_tokens":1}"""),
            Request(Prompt(20, 8), """{"max_new_tokens":40,"eos_token_id":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30]}"""),
            Request(Prompt(17, 9), """{"max_new_tokens":12,"min_p":0.05,"do_sample":true,"top_k":0}"""),
        ];
        List<int[]> alone = [.. requests.Select(request => Alone(model, request))];
        Assert.Equal(alone, Together(model, requests));
        Assert.Equal(alone, Together(model, requests, maximumSequences: 3));
        Assert.Equal(alone.AsEnumerable().Reverse(), Together(model, requests.Reverse()));
        Assert.True(alone.SelectMany(tokens => tokens[^3..]).Distinct().Count() > 8);
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float16)]
    public void Long_prompts_go_in_pieces_and_texts_join_whenever_they_like(DType dtype)
    {
        using CausalLanguageModel model = Create("bloom", dtype: dtype);
        GenerationRequest[] requests =
        [
            Request(Prompt(1100), """{"max_new_tokens":10}"""),
            Request(Prompt(4, 1), """{"max_new_tokens":30}"""),
            Request(Prompt(513, 2), """{"max_new_tokens":8,"guidance_scale":2}""") with { NegativePromptIds = Prompt(1030, 3) },
            Request(Prompt(512, 4), Sampling),
            Request(Prompt(1700, 5), """{"max_new_tokens":5}"""),
        ];
        List<int[]> alone = [.. requests.Select(request => Alone(model, request))];
        using var engine = new GenerationEngine(model);
        var sequences = new List<GenerationSequence>();
        for (int step = 0; engine.Step() || sequences.Count < requests.Length; step++)
        {
            if (step % 3 == 0 && sequences.Count < requests.Length)
            {
                sequences.Add(engine.Add(requests[sequences.Count]));
            }
        }

        Assert.Equal(alone, sequences.Select(sequence => sequence.Tokens.ToArray()));
    }

    [Theory]
    [MemberData(nameof(Families), MemberType = typeof(TinyModels))]
    public void Adapters_do_not_change_that(string family)
    {
        using var model = new PeftModel(Create(family, dtype: DType.BFloat16));
        model.AddAdapter(new LoraConfig { R = 5, LoraAlpha = 40, InitLoraWeights = false, TargetModules = "all-linear" });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 9).Select(i => Request(Prompt(1 + (i * 5), i), i % 2 == 0 ? Sampling : """{"max_new_tokens":12}"""))];
        List<int[]> alone = [.. requests.Select(request => Alone(model.Base, request))];
        Assert.Equal(alone, Together(model.Base, requests));
        using (model.DisableAdapters())
        {
            Assert.NotEqual(alone, Together(model.Base, requests));
        }
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_texts()
    {
        int before = WorkerPool.Shared.WorkerCount;
        using CausalLanguageModel model = Create("llama", dtype: DType.BFloat16);
        GenerationRequest[] requests = [Request(Prompt(1), Sampling), Request(Prompt(70, 1), Sampling), Request(Prompt(30, 2), """{"max_new_tokens":40}""")];
        try
        {
            WorkerPool.Resize(1);
            List<int[]> expected = Together(model, requests);
            foreach (int threads in new[] { 2, 3, 8 })
            {
                WorkerPool.Resize(threads);
                Assert.Equal(expected, Together(model, requests));
            }
        }
        finally
        {
            WorkerPool.Resize(before);
        }
    }

    [Fact]
    public void Seed_prompt_and_index_make_the_text()
    {
        using CausalLanguageModel model = Create("gpt2");
        GenerationRequest request = Request(Prompt(6), Sampling);
        int[] text = Alone(model, request);
        Assert.Equal(text, Alone(model, request));
        Assert.NotEqual(text, Alone(model, request with { Seed = 43 }));
        Assert.NotEqual(text, Alone(model, request with { ReturnIndex = 1 }));
    }

    [Fact]
    public void Sampling_draws_what_the_model_says()
    {
        using CausalLanguageModel model = Create("bloom");
        GenerationRequest request = Request(Prompt(6), """{"do_sample":true,"top_k":2,"max_new_tokens":1}""");
        int[] drawn = [.. Together(model, Enumerable.Range(0, 400).Select(i => request with { ReturnIndex = i })).Select(tokens => tokens[^1])];
        int greedy = Alone(model, Request(Prompt(6), """{"max_new_tokens":1}"""))[^1];
        Assert.Equal(2, drawn.Distinct().Count());
        Assert.True(drawn.Count(token => token == greedy) >= 180);
    }

    [Fact]
    public void A_callers_constraint_and_processors_act()
    {
        using CausalLanguageModel model = Create("bloom");
        GenerationRequest request = Request(Prompt(6), """{"max_new_tokens":6}""") with { AllowedTokens = tokens => tokens.Length % 2 == 0 ? [5] : [6, 7] };
        int[] tokens = Alone(model, request with { Processors = [new SuppressTokensProcessor([6])] });
        Assert.Equal([5, 7, 5, 7, 5, 7], tokens[6..]);
    }

    [Theory]
    [InlineData("gpt2", Gpt2Positions)]
    [InlineData("llama", 256)]
    public void A_text_ends_where_the_models_positions_end(string family, int positions)
    {
        using CausalLanguageModel model = Create(family);
        using var engine = new GenerationEngine(model);
        GenerationSequence sequence = engine.Add(Request(Prompt(positions - 5), """{"max_new_tokens":1000}"""));
        while (engine.Step())
        {
        }

        Assert.Equal(5, sequence.NewTokens.Length);
        Assert.Equal(FinishReason.Length, sequence.FinishReason);
    }

    [Theory]
    [InlineData(new int[0], "{}", "no tokens")]
    [InlineData(new[] { 1, 300 }, "{}", "300.*outside.*vocabulary of 300")]
    [InlineData(new[] { -1 }, "{}", "-1")]
    [InlineData(new[] { 1, 2 }, """{"max_length":2}""", "max_length is 2.*counts them")]
    [InlineData(new[] { 1, 2 }, """{"max_new_tokens":0}""", "max_new_tokens")]
    [InlineData(new[] { 1, 2 }, """{"num_beams":2}""", "BeamSearch")]
    [InlineData(new[] { 1, 2 }, """{"do_sample":true,"temperature":-1}""", "temperature")]
    [InlineData(new[] { 1, 2 }, """{"watermarking_config":{"a":1}}""", "watermarking_config")]
    public void What_cannot_be_generated_is_refused_at_once(int[] prompt, string config, string expect)
    {
        using CausalLanguageModel model = Create("gpt2");
        using var engine = new GenerationEngine(model);
        Exception error = Assert.ThrowsAny<Exception>(() => engine.Add(Request(prompt, config)));
        Assert.True(error is ArgumentException or NotSupportedException);
        Assert.Matches(expect, error.Message);
        Assert.Equal(0, engine.Count);
    }

    [Fact]
    public void Prompts_longer_than_the_model_are_refused()
    {
        using CausalLanguageModel model = Create("gpt2");
        using var engine = new GenerationEngine(model);
        Assert.Contains("up to 64", Assert.Throws<ArgumentException>(() => engine.Add(Request(Prompt(64), "{}"))).Message, StringComparison.Ordinal);
        Assert.Contains(
            "negative prompt",
            Assert.Throws<ArgumentException>(() => engine.Add(Request(Prompt(4), """{"guidance_scale":2,"max_new_tokens":20}""") with { NegativePromptIds = Prompt(50) })).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_can_be_ended_and_all_can_be_forgotten()
    {
        using CausalLanguageModel model = Create("bloom");
        using var engine = new GenerationEngine(model) { MaximumSequences = 1 };
        GenerationSequence first = engine.Add(Request(Prompt(3), """{"max_new_tokens":50}"""));
        GenerationSequence second = engine.Add(Request(Prompt(4), """{"max_new_tokens":5}"""));
        engine.Step();
        engine.Step();
        engine.Finish(first, FinishReason.StopString);
        Assert.Equal(2, first.NewTokens.Length);
        Assert.Equal(0, second.NewTokens.Length);
        while (engine.Step())
        {
        }

        Assert.Equal(5, second.NewTokens.Length);
        engine.Add(Request(Prompt(4), "{}"));
        engine.Clear();
        Assert.Equal(0, engine.Count);
        Assert.False(engine.Step());
    }

    [Fact]
    public void Broken_weights_are_an_error_and_not_a_text()
    {
        using CausalLanguageModel model = Create("bloom");
        model.Head.Weight.Original.Values.Fill(float.NaN);
        using var engine = new GenerationEngine(model);
        engine.Add(Request(Prompt(3), "{}"));
        Assert.Contains("NaN", Assert.Throws<ArgumentException>(() => engine.Step()).Message, StringComparison.Ordinal);
    }
}
