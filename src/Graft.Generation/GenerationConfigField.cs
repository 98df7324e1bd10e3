using System.Text.Json;
using Graft.Generation.Processors;

namespace Graft.Generation;

/// <summary>One field of <see cref="GenerationConfig"/>: its key in JSON and how to get, set, read and write it.</summary>
internal abstract class GenerationConfigField(string key)
{
    /// <summary>All fields, by key.</summary>
    public static readonly IReadOnlyList<GenerationConfigField> All =
    [
        new Field<IReadOnlyList<IReadOnlyList<int>>?>("bad_words_ids", config => config.BadWordsIds, (config, value) => config.BadWordsIds = value, JsonSetting.TokenLists, JsonSetting.Write),
        new Field<IReadOnlyList<int>?>("begin_suppress_tokens", config => config.BeginSuppressTokens, (config, value) => config.BeginSuppressTokens = value, JsonSetting.Tokens, JsonSetting.Write),
        new Field<int?>("bos_token_id", config => config.BosTokenId, (config, value) => config.BosTokenId = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("decoder_start_token_id", config => config.DecoderStartTokenId, (config, value) => config.DecoderStartTokenId = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<bool?>("do_sample", config => config.DoSample, (config, value) => config.DoSample = value, JsonSetting.Flag, JsonSetting.Write),
        new Field<EarlyStopping?>("early_stopping", config => config.EarlyStopping, (config, value) => config.EarlyStopping = value, JsonSetting.Early, JsonSetting.Write),
        new Field<int?>("encoder_no_repeat_ngram_size", config => config.EncoderNoRepeatNgramSize, (config, value) => config.EncoderNoRepeatNgramSize = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<double?>("encoder_repetition_penalty", config => config.EncoderRepetitionPenalty, (config, value) => config.EncoderRepetitionPenalty = value, JsonSetting.Number, JsonSetting.Write),
        new Field<IReadOnlyList<int>?>("eos_token_id", config => config.EosTokenId, (config, value) => config.EosTokenId = value, JsonSetting.Tokens, JsonSetting.Write),
        new Field<double?>("epsilon_cutoff", config => config.EpsilonCutoff, (config, value) => config.EpsilonCutoff = value, JsonSetting.Number, JsonSetting.Write),
        new Field<double?>("eta_cutoff", config => config.EtaCutoff, (config, value) => config.EtaCutoff = value, JsonSetting.Number, JsonSetting.Write),
        new Field<ExponentialDecay?>("exponential_decay_length_penalty", config => config.ExponentialDecayLengthPenalty, (config, value) => config.ExponentialDecayLengthPenalty = value, JsonSetting.Decay, JsonSetting.Write),
        new Field<int?>("forced_bos_token_id", config => config.ForcedBosTokenId, (config, value) => config.ForcedBosTokenId = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<IReadOnlyList<int>?>("forced_eos_token_id", config => config.ForcedEosTokenId, (config, value) => config.ForcedEosTokenId = value, JsonSetting.Tokens, JsonSetting.Write),
        new Field<double?>("guidance_scale", config => config.GuidanceScale, (config, value) => config.GuidanceScale = value, JsonSetting.Number, JsonSetting.Write),
        new Field<double?>("length_penalty", config => config.LengthPenalty, (config, value) => config.LengthPenalty = value, JsonSetting.Number, JsonSetting.Write),
        new Field<int?>("max_length", config => config.MaxLength, (config, value) => config.MaxLength = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("max_new_tokens", config => config.MaxNewTokens, (config, value) => config.MaxNewTokens = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<double?>("max_time", config => config.MaxTime, (config, value) => config.MaxTime = value, JsonSetting.Number, JsonSetting.Write),
        new Field<int?>("min_length", config => config.MinLength, (config, value) => config.MinLength = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("min_new_tokens", config => config.MinNewTokens, (config, value) => config.MinNewTokens = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<double?>("min_p", config => config.MinP, (config, value) => config.MinP = value, JsonSetting.Number, JsonSetting.Write),
        new Field<int?>("no_repeat_ngram_size", config => config.NoRepeatNgramSize, (config, value) => config.NoRepeatNgramSize = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("num_assistant_tokens", config => config.NumAssistantTokens, (config, value) => config.NumAssistantTokens = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("num_beams", config => config.NumBeams, (config, value) => config.NumBeams = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("num_return_sequences", config => config.NumReturnSequences, (config, value) => config.NumReturnSequences = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("pad_token_id", config => config.PadTokenId, (config, value) => config.PadTokenId = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<int?>("prompt_lookup_num_tokens", config => config.PromptLookupNumTokens, (config, value) => config.PromptLookupNumTokens = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<bool?>("remove_invalid_values", config => config.RemoveInvalidValues, (config, value) => config.RemoveInvalidValues = value, JsonSetting.Flag, JsonSetting.Write),
        new Field<bool?>("renormalize_logits", config => config.RenormalizeLogits, (config, value) => config.RenormalizeLogits = value, JsonSetting.Flag, JsonSetting.Write),
        new Field<double?>("repetition_penalty", config => config.RepetitionPenalty, (config, value) => config.RepetitionPenalty = value, JsonSetting.Number, JsonSetting.Write),
        new Field<IReadOnlyList<SequenceBias>?>("sequence_bias", config => config.SequenceBias, (config, value) => config.SequenceBias = value, JsonSetting.Biases, JsonSetting.Write),
        new Field<IReadOnlyList<string>?>("stop_strings", config => config.StopStrings, (config, value) => config.StopStrings = value, JsonSetting.Strings, JsonSetting.Write),
        new Field<IReadOnlyList<int>?>("suppress_tokens", config => config.SuppressTokens, (config, value) => config.SuppressTokens = value, JsonSetting.Tokens, JsonSetting.Write),
        new Field<double?>("temperature", config => config.Temperature, (config, value) => config.Temperature = value, JsonSetting.Number, JsonSetting.Write),
        new Field<double?>("top_h", config => config.TopH, (config, value) => config.TopH = value, JsonSetting.Number, JsonSetting.Write),
        new Field<int?>("top_k", config => config.TopK, (config, value) => config.TopK = value, JsonSetting.Whole, JsonSetting.Write),
        new Field<double?>("top_p", config => config.TopP, (config, value) => config.TopP = value, JsonSetting.Number, JsonSetting.Write),
        new Field<double?>("typical_p", config => config.TypicalP, (config, value) => config.TypicalP = value, JsonSetting.Number, JsonSetting.Write),
        new Field<bool?>("use_cache", config => config.UseCache, (config, value) => config.UseCache = value, JsonSetting.Flag, JsonSetting.Write),
    ];

    /// <summary>The key in generation_config.json.</summary>
    public string Key { get; } = key;

    /// <summary>Sets the field from JSON; null unsets it.</summary>
    public abstract void Read(GenerationConfig config, JsonElement value);

    /// <summary>Writes key and value, if the field is set.</summary>
    public abstract void Write(GenerationConfig config, Utf8JsonWriter writer);

    /// <summary>Copies the field, if it is set.</summary>
    public abstract void CopyIfSet(GenerationConfig from, GenerationConfig to);

    private sealed class Field<T>(
        string key,
        Func<GenerationConfig, T> get,
        Action<GenerationConfig, T> set,
        Func<string, JsonElement, T> read,
        Action<Utf8JsonWriter, T> write)
        : GenerationConfigField(key)
    {
        public override void Read(GenerationConfig config, JsonElement value)
            => set(config, value.ValueKind == JsonValueKind.Null ? default! : read(Key, value));

        public override void Write(GenerationConfig config, Utf8JsonWriter writer)
        {
            if (get(config) is { } value)
            {
                writer.WritePropertyName(Key);
                write(writer, value);
            }
        }

        public override void CopyIfSet(GenerationConfig from, GenerationConfig to)
        {
            if (get(from) is { } value)
            {
                set(to, value);
            }
        }
    }
}
