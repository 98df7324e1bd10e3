using Graft.Models;

namespace Graft.Generation.Decoding;

/// <summary>Refuses prompts that a model cannot take.</summary>
internal static class PromptCheck
{
    /// <summary>A prompt has tokens, all of them the model's, and leaves room for one more.</summary>
    /// <param name="prompt">Token ids.</param>
    /// <param name="model">The model.</param>
    /// <param name="what">What to call it.</param>
    /// <exception cref="ArgumentException">It is not so.</exception>
    public static void Check(ReadOnlySpan<int> prompt, LanguageModel model, string what)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException($"the {what} has no tokens: a text must begin with at least one, such as the model's bos_token_id");
        }

        CheckVocabulary(prompt, model, what);
        if (model.Config.MaximumPositions is { } positions && prompt.Length >= positions)
        {
            throw new ArgumentException($"the {what} has {prompt.Length} tokens, but the model takes texts of up to {positions}, new tokens included: shorten it");
        }
    }

    /// <summary>An encoder-decoder needs a source with tokens of its vocabulary, any other model none.</summary>
    /// <param name="request">The request.</param>
    /// <param name="model">The model.</param>
    /// <exception cref="ArgumentException">It is not so.</exception>
    /// <exception cref="NotSupportedException">The request asks an encoder-decoder for guidance or an assistant.</exception>
    public static void CheckSource(GenerationRequest request, LanguageModel model)
    {
        if (model is not Seq2SeqLanguageModel)
        {
            if (request.SourceIds is not null)
            {
                throw new ArgumentException($"a {model.Config.ModelType} model continues texts and reads no source: leave SourceIds out");
            }

            return;
        }

        if (request.SourceIds is not { Count: > 0 } source)
        {
            throw new ArgumentException($"a {model.Config.ModelType} model is an encoder-decoder: it needs a source to read, with at least one token");
        }

        if ((request.Config.GuidanceScale ?? 1) != 1 || request.Assistant is not null)
        {
            throw new NotSupportedException("guidance_scale and assistants are for models that continue texts, not for encoder-decoders: leave them out");
        }

        CheckVocabulary([.. source], model, "source");
    }

    /// <summary>The longest text after a prompt, prompt included.</summary>
    /// <exception cref="ArgumentException">The prompt is as long already.</exception>
    public static int LongestText(int promptLength, GenerationConfig config, int? positions)
    {
        int longest = Math.Min(config.LimitLength(positions).TotalFor(promptLength), positions ?? int.MaxValue);
        return longest > promptLength
            ? longest
            : throw new ArgumentException(config.MaxNewTokens is { } none
                ? $"max_new_tokens is {none}: there is nothing to generate"
                : $"the prompt has {promptLength} tokens, but max_length is {config.MaxLength} and counts them: raise it, or set max_new_tokens");
    }

    private static void CheckVocabulary(ReadOnlySpan<int> tokens, LanguageModel model, string what)
    {
        int vocabulary = model.InputEmbedding.VocabularySize;
        for (int i = 0; i < tokens.Length; i++)
        {
            if ((uint)tokens[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"token id {tokens[i]} at place {i} of the {what} is outside the model's vocabulary of {vocabulary}: the tokenizer does not fit the model");
            }
        }
    }
}
