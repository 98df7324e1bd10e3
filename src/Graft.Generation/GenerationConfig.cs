using System.Text.Json;
using Graft.Generation.Processors;

namespace Graft.Generation;

/// <summary>When beam search may end.</summary>
public enum EarlyStopping
{
    /// <summary>When no running beam can become better than the worst kept text, by its present length.</summary>
    False,

    /// <summary>As soon as there are as many finished texts as beams.</summary>
    True,

    /// <summary>Only when no running beam can become better at any length.</summary>
    Never,
}

/// <summary><c>exponential_decay_length_penalty</c>.</summary>
/// <param name="Start">New tokens before it begins.</param>
/// <param name="Factor">Growth for each token after that.</param>
public readonly record struct ExponentialDecay(int Start, double Factor);

/// <summary>
/// Settings of text generation with the names and meanings of Hugging Face's GenerationConfig. A property that is null is not set:
/// the default applies. What is given to a call wins over the model's file (<see cref="Load"/>), and that over the defaults.
/// </summary>
public sealed partial class GenerationConfig
{
    /// <summary>The default of <c>top_k</c>: plain sampling is top-50 sampling.</summary>
    public const int DefaultTopK = 50;

    /// <summary>New tokens when no length is set.</summary>
    public const int DefaultNewTokens = 20;

    private Dictionary<string, JsonElement> _other = [];

    /// <summary><c>do_sample</c>: Draw the next token instead of taking the likeliest; default false.</summary>
    public bool? DoSample { get; set; }

    /// <summary><c>temperature</c>: Divides the logits when sampling; default 1.</summary>
    public double? Temperature { get; set; }

    /// <summary><c>top_k</c>: Sample from the k likeliest; default 50, 0 is off.</summary>
    public int? TopK { get; set; }

    /// <summary><c>top_p</c>: Sample from the smallest set with this probability; default 1.</summary>
    public double? TopP { get; set; }

    /// <summary><c>min_p</c>: Sample from tokens at least this likely relative to the likeliest.</summary>
    public double? MinP { get; set; }

    /// <summary><c>top_h</c>: Entropy-bounded sampling.</summary>
    public double? TopH { get; set; }

    /// <summary><c>typical_p</c>: Sample from tokens of typical information; default 1.</summary>
    public double? TypicalP { get; set; }

    /// <summary><c>epsilon_cutoff</c>: Least probability of a token; default 0.</summary>
    public double? EpsilonCutoff { get; set; }

    /// <summary><c>eta_cutoff</c>: Least probability of a token, falling with the entropy; default 0.</summary>
    public double? EtaCutoff { get; set; }

    /// <summary><c>num_beams</c>: Beams of the search; default 1, none.</summary>
    public int? NumBeams { get; set; }

    /// <summary><c>num_return_sequences</c>: Texts to return; default 1.</summary>
    public int? NumReturnSequences { get; set; }

    /// <summary><c>length_penalty</c>: Exponent of the length in beam scores; default 1.</summary>
    public double? LengthPenalty { get; set; }

    /// <summary><c>early_stopping</c>: When beam search ends; default false.</summary>
    public EarlyStopping? EarlyStopping { get; set; }

    /// <summary><c>max_length</c>: Longest text, prompt included. Without any limit 20 new tokens are generated.</summary>
    public int? MaxLength { get; set; }

    /// <summary><c>max_new_tokens</c>: Most new tokens; wins over max_length.</summary>
    public int? MaxNewTokens { get; set; }

    /// <summary><c>min_length</c>: Shortest text, prompt included; default 0.</summary>
    public int? MinLength { get; set; }

    /// <summary><c>min_new_tokens</c>: Fewest new tokens; wins over min_length.</summary>
    public int? MinNewTokens { get; set; }

    /// <summary><c>max_time</c>: Seconds after which to stop.</summary>
    public double? MaxTime { get; set; }

    /// <summary><c>stop_strings</c>: Texts that end the generation.</summary>
    public IReadOnlyList<string>? StopStrings { get; set; }

    /// <summary><c>repetition_penalty</c>: Above 1: tokens that were there before are less likely; default 1.</summary>
    public double? RepetitionPenalty { get; set; }

    /// <summary><c>encoder_repetition_penalty</c>: Above 1: tokens of the encoder's input are more likely; default 1.</summary>
    public double? EncoderRepetitionPenalty { get; set; }

    /// <summary><c>no_repeat_ngram_size</c>: N-grams of this size come only once; default 0, off.</summary>
    public int? NoRepeatNgramSize { get; set; }

    /// <summary><c>encoder_no_repeat_ngram_size</c>: N-grams of the encoder's input of this size do not come; default 0, off.</summary>
    public int? EncoderNoRepeatNgramSize { get; set; }

    /// <summary><c>bad_words_ids</c>: Token sequences that do not come.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? BadWordsIds { get; set; }

    /// <summary><c>sequence_bias</c>: What is added to the scores of token sequences.</summary>
    public IReadOnlyList<SequenceBias>? SequenceBias { get; set; }

    /// <summary><c>suppress_tokens</c>: Tokens that do not come.</summary>
    public IReadOnlyList<int>? SuppressTokens { get; set; }

    /// <summary><c>begin_suppress_tokens</c>: Tokens that do not come first.</summary>
    public IReadOnlyList<int>? BeginSuppressTokens { get; set; }

    /// <summary><c>forced_bos_token_id</c>: The token after the decoder start token.</summary>
    public int? ForcedBosTokenId { get; set; }

    /// <summary><c>forced_eos_token_id</c>: The token, or tokens, at the longest length.</summary>
    public IReadOnlyList<int>? ForcedEosTokenId { get; set; }

    /// <summary><c>remove_invalid_values</c>: Replace NaN and infinite scores; default false.</summary>
    public bool? RemoveInvalidValues { get; set; }

    /// <summary><c>exponential_decay_length_penalty</c>: Ever higher scores for the end tokens after a number of new tokens.</summary>
    public ExponentialDecay? ExponentialDecayLengthPenalty { get; set; }

    /// <summary><c>renormalize_logits</c>: Turn processed scores into log-probabilities; default false.</summary>
    public bool? RenormalizeLogits { get; set; }

    /// <summary><c>guidance_scale</c>: Strength of classifier-free guidance; default 1, off.</summary>
    public double? GuidanceScale { get; set; }

    /// <summary><c>prompt_lookup_num_tokens</c>: Tokens to guess from the prompt; off without.</summary>
    public int? PromptLookupNumTokens { get; set; }

    /// <summary><c>num_assistant_tokens</c>: Tokens a draft model guesses at a time.</summary>
    public int? NumAssistantTokens { get; set; }

    /// <summary><c>use_cache</c>: Keep keys and values; default true.</summary>
    public bool? UseCache { get; set; }

    /// <summary><c>bos_token_id</c>: Begins a text without prompt.</summary>
    public int? BosTokenId { get; set; }

    /// <summary><c>eos_token_id</c>: Ends a text: one token or several.</summary>
    public IReadOnlyList<int>? EosTokenId { get; set; }

    /// <summary><c>pad_token_id</c>: Fills up shorter texts.</summary>
    public int? PadTokenId { get; set; }

    /// <summary><c>decoder_start_token_id</c>: Begins the decoder's text.</summary>
    public int? DecoderStartTokenId { get; set; }

    /// <summary>Keys that Graft does not know, as they were read. They are kept when the file is written again.</summary>
    public IReadOnlyDictionary<string, JsonElement> Other => _other;

    /// <summary>A copy that can be changed by itself.</summary>
    public GenerationConfig Clone()
    {
        var copy = (GenerationConfig)MemberwiseClone();
        copy._other = new Dictionary<string, JsonElement>(_other);
        return copy;
    }

    /// <summary>These settings with those of <paramref name="over"/> that are set in their place.</summary>
    /// <param name="over">Settings that win.</param>
    public GenerationConfig With(GenerationConfig over)
    {
        ArgumentNullException.ThrowIfNull(over);
        GenerationConfig merged = Clone();
        foreach (GenerationConfigField field in GenerationConfigField.All)
        {
            field.CopyIfSet(over, merged);
        }

        foreach ((string key, JsonElement value) in over._other)
        {
            merged._other[key] = value;
        }

        return merged;
    }

    /// <summary>The length that these settings allow.</summary>
    /// <param name="maxPositions">The model's <c>max_position_embeddings</c>: caps the default of 20 new tokens, not what was asked for.</param>
    public LengthLimit LimitLength(int? maxPositions = null) => (MaxNewTokens, MaxLength) switch
    {
        ({ } newTokens, _) => LengthLimit.New(newTokens),
        (null, { } total) => LengthLimit.Total(total),
        _ => LengthLimit.New(DefaultNewTokens, maxPositions),
    };

    /// <summary>Refuses what would silently change the text if it were ignored.</summary>
    internal void RefuseUnsupported()
    {
        foreach (string key in new[] { "watermarking_config", "num_beam_groups", "penalty_alpha", "dola_layers", "constraints", "force_words_ids" })
        {
            if (_other.TryGetValue(key, out JsonElement value) && !DoesNothing(value))
            {
                throw new NotSupportedException($"generation setting '{key}' ({value.GetRawText()}) is not supported; remove it from the generation config.");
            }
        }
    }

    private static bool DoesNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Number => value.GetDouble() is 0 or 1,
        _ => false,
    };
}
