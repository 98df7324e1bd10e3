using Graft.Generation.Decoding;
using Graft.Models;
using static Graft.Generation.Tests.Decoding.EngineRuns;
using static Graft.Generation.Tests.TinyModels;

namespace Graft.Generation.Tests.Decoding;

/// <summary>Guessing ahead changes how fast a text comes and nothing else.</summary>
public class SpeculativeTests
{
    [Theory]
    [InlineData("bloom", """{"max_new_tokens":40}""")]
    [InlineData("gpt2", """{"max_new_tokens":40}""")]
    [InlineData("llama", """{"max_new_tokens":40,"repetition_penalty":1.2}""")]
    [InlineData("llama", """{"max_new_tokens":40,"do_sample":true,"top_k":4}""")]
    [InlineData("bloom", """{"max_new_tokens":40,"guidance_scale":1.4}""")]
    [InlineData("bloom", """{"max_new_tokens":40,"eos_token_id":[3,30,33,130,133,230,233]}""")]
    public void Guesses_do_not_change_the_text(string family, string config)
    {
        using CausalLanguageModel model = Create(family);
        using CausalLanguageModel other = Create(family, seed: 2);
        foreach (int length in new[] { 1, 2, 20 })
        {
            GenerationRequest request = Request(Prompt(length), config);
            int[] text = Alone(model, request);
            Assert.Equal(text, Alone(model, request with { Assistant = model }));
            Assert.Equal(text, Alone(model, request with { Assistant = other }));
            GenerationConfig lookup = request.Config.Clone();
            lookup.PromptLookupNumTokens = 5;
            Assert.Equal(text, Alone(model, request with { Config = lookup }));
        }
    }

    [Fact]
    public void Right_guesses_save_steps()
    {
        using CausalLanguageModel model = Create("bloom");
        GenerationRequest request = Request(Prompt(5), """{"max_new_tokens":42,"num_assistant_tokens":6}""") with { Assistant = model };
        using var engine = new GenerationEngine(model);
        engine.Add(request);
        int steps = 1;
        while (engine.Step())
        {
            steps++;
        }

        // One step for the prompt, then up to seven tokens a step.
        Assert.InRange(steps, 7, 9);
    }

    [Theory]
    [InlineData(new[] { 1, 2, 3, 1, 2 }, 2, new[] { 3, 1 })]
    [InlineData(new[] { 5, 9, 4, 9 }, 3, new[] { 4, 9 })]
    [InlineData(new[] { 1, 2, 3 }, 3, new int[0])]
    [InlineData(new[] { 1 }, 3, new int[0])]
    [InlineData(new[] { 7, 7, 7 }, 2, new[] { 7 })]
    public void Prompt_lookup_finds_what_followed_before(int[] tokens, int wanted, int[] expected)
    {
        var guesses = new int[wanted];
        using var draft = new PromptLookupDraft();
        int count = draft.Propose(tokens, guesses);
        Assert.Equal(expected, guesses[..count]);
    }
}
