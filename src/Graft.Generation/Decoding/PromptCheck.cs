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
    public static void Check(ReadOnlySpan<int> prompt, CausalLanguageModel model, string what)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException($"the {what} has no tokens: a text must begin with at least one, such as the model's bos_token_id");
        }

        int vocabulary = model.InputEmbedding.VocabularySize;
        for (int i = 0; i < prompt.Length; i++)
        {
            if ((uint)prompt[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"token id {prompt[i]} at place {i} of the {what} is outside the model's vocabulary of {vocabulary}: the tokenizer does not fit the model");
            }
        }

        if (model.Config.MaximumPositions is { } positions && prompt.Length >= positions)
        {
            throw new ArgumentException($"the {what} has {prompt.Length} tokens, but the model takes texts of up to {positions}, new tokens included: shorten it");
        }
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
}
