using System.Text;
using Graft.Generation.Decoding;
using Graft.Models;
using static Graft.Generation.Tests.TinyModels;

namespace Graft.Generation.Tests;

/// <summary>Stop strings as a reader of the text sees them.</summary>
public class StopStringTextTests
{
    [Theory]
    [InlineData("the |cat sat", "on the mat stopping here", "stop", "on the mat ")]
    [InlineData("the cat", " sat on\n\nthe mat", "\n\n", " sat on")]
    [InlineData("the cat\n", "\nmore", "\n\n", "")]
    [InlineData("a", "b stoq stopq", "stop", "b stoq ")]
    [InlineData("a", "grüne Bäume", "ä", "grüne B")]
    [InlineData("stop", " it", "stop", null)]
    [InlineData("x", "st", "stop", null)]
    public void The_text_ends_before_the_stop_string(string prompt, string continuation, string stop, string? expected)
    {
        (string text, List<string> pieces, GeneratedText result) = Read(prompt, continuation, [stop, "never there"]);
        Assert.Equal(expected ?? continuation, text);
        Assert.Equal(text, result.Text);
        Assert.Equal(expected is null ? null : stop, result.StopString);
        Assert.Equal(expected is null ? FinishReason.Length : FinishReason.StopString, result.FinishReason);
        Assert.DoesNotContain(pieces, piece => expected is not null && piece.Contains(stop, StringComparison.Ordinal));
    }

    [Fact]
    public void Of_several_the_first_in_the_text_counts()
        => Assert.Equal("the ", Read("a", "the mat sat", ["sat", "ma", "mat"]).Text);

    [Fact]
    public void Text_that_cannot_become_a_stop_string_is_not_held_back()
    {
        List<string> pieces = Read("a", " sat on the mat", ["stop"]).Pieces;
        Assert.True(pieces.Count > 3, string.Join('|', pieces));
    }

    [Fact]
    public void A_generated_stop_string_ends_the_text()
    {
        using CausalLanguageModel model = Create("bloom");
        using var generator = new TextGenerator(model, Tokenizer, new GenerationConfig { MaxNewTokens = 30, EosTokenId = [] });
        string whole = generator.Generate("the cat").Text;
        for (int start = 1; start + 3 < whole.Length; start += 4)
        {
            string stop = whole.Substring(start, 3);
            GeneratedText text = generator.Generate("the cat", new GenerationConfig { StopStrings = [stop] });
            Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], text.Text);
            Assert.Equal((FinishReason.StopString, stop), (text.FinishReason, text.StopString));
            Assert.True(text.TokenIds.Count <= 30);
        }
    }

    /// <summary>Forces a model to say <paramref name="continuation"/>, and reads along token by token.</summary>
    private static (string Text, List<string> Pieces, GeneratedText Result) Read(string prompt, string continuation, string[] stops)
    {
        int[] promptIds = Tokenizer.Encode(prompt).Ids;
        int[] words = Tokenizer.Encode(continuation).Ids;
        using CausalLanguageModel model = Create("gpt2");
        using var engine = new GenerationEngine(model);
        var config = new GenerationConfig { MaxNewTokens = words.Length, StopStrings = stops };
        GenerationSequence sequence = engine.Add(new GenerationRequest
        {
            PromptIds = promptIds,
            Config = config,
            BytesOfToken = new Text.TokenBytes(Tokenizer).Of,
            AllowedTokens = tokens => words.AsSpan(tokens.Length - promptIds.Length, 1),
        });
        var assembler = new TextAssembler(Tokenizer, promptIds, 0, config);
        var pieces = new List<string>();
        var text = new StringBuilder();
        do
        {
            engine.Step();
            string piece = assembler.Take(sequence.NewTokens, sequence.FinishReason);
            text.Append(piece);
            if (piece.Length > 0)
            {
                pieces.Add(piece);
            }
        }
        while (sequence.FinishReason is null);

        return (text.ToString(), pieces, assembler.Result(sequence.NewTokens, sequence.FinishReason.Value));
    }
}
