using System.Text;
using Graft.Generation.Processors;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using static Graft.Generation.Tests.TinyModels;

namespace Graft.Generation.Tests;

public class TextGeneratorTests
{
    private static readonly string[] Prompts = ["the cat", "a stitch in time", "übermäßig", "stop"];

    [Fact]
    public void A_batch_gives_what_each_prompt_gives_alone()
    {
        using CausalLanguageModel model = Create("llama");
        using var generator = new TextGenerator(model, Tokenizer);
        var settings = new GenerationConfig { MaxNewTokens = 24, DoSample = true, Temperature = 1.2 };
        IReadOnlyList<GeneratedText> together = generator.Generate(Prompts, settings, seed: 3);
        for (int i = 0; i < Prompts.Length; i++)
        {
            GeneratedText alone = generator.Generate(Prompts[i], settings, seed: 3);
            Assert.Equal(alone.Text, together[i].Text);
            Assert.Equal(alone.TokenIds, together[i].TokenIds);
            Assert.Equal(i, together[i].PromptIndex);
            Assert.Equal(Tokenizer.Encode(Prompts[i]).Ids, together[i].PromptIds);
        }
    }

    [Fact]
    public async Task Pieces_put_together_are_the_text_and_never_split_a_character()
    {
        using CausalLanguageModel model = Create("bloom");
        using var generator = new TextGenerator(model, Tokenizer);
        var settings = new GenerationConfig { MaxNewTokens = 200, DoSample = true, TopK = 0, Temperature = 3, EosTokenId = [] };
        var pieces = new StringBuilder();
        await foreach (string piece in generator.StreamAsync(Prompts[0], settings, seed: 1))
        {
            Assert.NotEqual(string.Empty, piece);
            Assert.False(char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]));
            pieces.Append(piece);
        }

        GeneratedText whole = generator.Generate(Prompts[0], settings, seed: 1);
        Assert.Equal(whole.Text, pieces.ToString());
        Assert.Equal(Tokenizer.Decode([.. whole.TokenIds]), whole.Text);
        Assert.Equal(FinishReason.Length, whole.FinishReason);
    }

    [Fact]
    public async Task Several_texts_come_side_by_side()
    {
        using CausalLanguageModel model = Create("gpt2");
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 12 });
        var pieces = new StringBuilder[] { new(), new(), new(), new() };
        var results = new GeneratedText?[4];
        await foreach (TextDelta delta in generator.StreamAsync(Prompts))
        {
            Assert.Null(results[delta.Index]);
            pieces[delta.Index].Append(delta.Text);
            results[delta.Index] = delta.Result;
        }

        Assert.Equal(generator.Generate(Prompts).Select(text => text.Text), pieces.Select(piece => piece.ToString()));
        Assert.Equal(pieces.Select(piece => piece.ToString()), results.Select(result => result!.Text));
    }

    [Fact]
    public async Task Listening_can_stop_and_be_cancelled()
    {
        using CausalLanguageModel model = Create("bloom");
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 100_000 });
        await foreach (string piece in generator.StreamAsync(Prompts[0]))
        {
            break;
        }

        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (string piece in generator.StreamAsync(Prompts[0], cancellationToken: source.Token))
            {
                source.Cancel();
            }
        });
        source.Dispose();
        using var late = new CancellationTokenSource();
        late.CancelAfter(20);
        Assert.ThrowsAny<OperationCanceledException>(() => generator.Generate(Prompts, cancellationToken: late.Token));

        // Nothing of it is left behind.
        Assert.Equal(5, generator.Generate(Prompts[0], new GenerationConfig { MaxNewTokens = 5 }).TokenIds.Count);
    }

    [Fact]
    public async Task Errors_reach_the_listener()
    {
        using CausalLanguageModel model = Create("gpt2");
        using var generator = new TextGenerator(model, Tokenizer);
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(async () =>
        {
            await foreach (string piece in generator.StreamAsync(string.Concat(Enumerable.Repeat("the cat ", 60))))
            {
            }
        });
        Assert.Contains("up to 64", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_prompt_begins_with_bos_or_is_refused()
    {
        using CausalLanguageModel model = Create("gpt2");
        using var generator = new TextGenerator(model, Tokenizer);
        Assert.Contains("bos_token_id", Assert.Throws<ArgumentException>(() => generator.Generate(string.Empty)).Message, StringComparison.Ordinal);
        Assert.Equal([5], generator.Generate(string.Empty, new GenerationConfig { BosTokenId = 5 }).PromptIds);
    }

    [Fact]
    public void The_end_token_of_the_tokenizer_ends_a_text_and_is_not_part_of_it()
    {
        using CausalLanguageModel model = Create("bloom");
        using var generator = new TextGenerator(model, Tokenizer);
        Assert.Equal([0], generator.Config.EosTokenId!);
        GeneratedText text = generator.Generate("the cat", new GenerationConfig { MaxNewTokens = 9, SequenceBias = [new SequenceBias([0], 1000)] });
        Assert.Equal((string.Empty, FinishReason.EndToken), (text.Text, text.FinishReason));
        Assert.Equal([0], text.TokenIds);

        // An ordinary token that ends a text is left out too.
        int end = Tokenizer.TokenToId("s")!.Value;
        text = generator.Generate("the cat", new GenerationConfig { MaxNewTokens = 9, EosTokenId = [end], SequenceBias = [new SequenceBias([end], 1000)] });
        Assert.Equal((string.Empty, FinishReason.EndToken), (text.Text, text.FinishReason));
        Assert.Equal(9, generator.Generate("the cat", new GenerationConfig { MaxNewTokens = 9, EosTokenId = [] }).TokenIds.Count);
    }

    [Fact]
    public void Several_texts_of_a_prompt_differ_and_need_sampling()
    {
        using CausalLanguageModel model = Create("llama");
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 10, NumReturnSequences = 3 });
        Assert.Contains("do_sample", Assert.Throws<ArgumentException>(() => generator.Generate("the")).Message, StringComparison.Ordinal);
        IReadOnlyList<GeneratedText> texts = generator.Generate(["the", "a"], new GenerationConfig { DoSample = true, TopK = 0 });
        Assert.Equal([0, 0, 0, 1, 1, 1], texts.Select(text => text.PromptIndex));
        Assert.Equal(6, texts.Select(text => text.Text).Distinct().Count());
        IReadOnlyList<GeneratedText> beams = generator.Generate(["the", "a"], new GenerationConfig { NumBeams = 4 });
        Assert.Equal([0, 0, 0, 1, 1, 1], beams.Select(text => text.PromptIndex));
        Assert.True(beams[0].Score > beams[1].Score && beams[1].Score > beams[2].Score);
        Assert.Equal(Tokenizer.Decode([.. beams[0].TokenIds]), beams[0].Text);
    }

    [Fact]
    public void Adapters_speak_and_are_silent_when_disabled_and_merging_keeps_their_words()
    {
        using CausalLanguageModel plain = Create("bloom");
        using var model = new PeftModel(Create("bloom"));
        model.AddAdapter(new LoraConfig { R = 4, LoraAlpha = 64, InitLoraWeights = false });
        using var ofPlain = new TextGenerator(plain, Tokenizer, new GenerationConfig { MaxNewTokens = 16 });
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 16 });
        string adapted = generator.Generate("the cat").Text;
        string original = ofPlain.Generate("the cat").Text;
        Assert.NotEqual(original, adapted);
        using (model.DisableAdapters())
        {
            Assert.Equal(original, generator.Generate("the cat").Text);
        }

        model.MergeAdapter();
        Assert.Equal(adapted, generator.Generate("the cat").Text);
    }

    [Fact]
    public async Task One_call_at_a_time()
    {
        using CausalLanguageModel model = Create("bloom");
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 100_000 });
        await foreach (string piece in generator.StreamAsync("the"))
        {
            Assert.Throws<InvalidOperationException>(() => generator.Generate("the"));
            break;
        }
    }
}
