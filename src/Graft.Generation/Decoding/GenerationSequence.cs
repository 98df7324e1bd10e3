using Graft.Generation.Processors;
using Graft.Generation.Sampling;
using Graft.Generation.Stopping;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Generation.Decoding;

/// <summary>A text that a <see cref="GenerationEngine"/> works on, or has finished.</summary>
public sealed class GenerationSequence
{
    // More tokens at once would take other attention kernels, and so other bits.
    private const int MostGuesses = 6;
    private const int LargestReservation = 4096;

    private readonly LogitsProcessorList _processors;
    private readonly StoppingCriteria _criteria;
    private readonly IDraft? _draft;
    private readonly int[]? _source;
    private readonly int[] _guesses = new int[MostGuesses + 1];
    private readonly ulong _randomKey;
    private readonly int _longest;
    private readonly int _wantedGuesses;
    private readonly bool _samples;
    private int _guessed;

    internal GenerationSequence(GenerationRequest request, LanguageModel model)
    {
        Request = request;
        _source = request.SourceIds?.ToArray();
        GenerationConfig config = request.Config;
        int[] prompt = [.. request.PromptIds];
        int? positions = model.Config.MaximumPositions;
        PromptCheck.Check(prompt, model, "prompt");
        PromptCheck.CheckSource(request, model);
        _longest = PromptCheck.LongestText(prompt.Length, config, positions);
        _processors = LogitsProcessorList.Build(config, positions, request.AllowedTokens, request.Processors);
        _criteria = StoppingCriteria.Build(config, positions, request.BytesOfToken);
        _samples = config.DoSample ?? false;
        _randomKey = RandomKey(prompt, request);
        Main = new TokenStream(prompt, Math.Min(_longest, prompt.Length + LargestReservation));
        if (config.GuidanceScale is { } scale && scale != 1)
        {
            int[] negative = request.NegativePromptIds is { } given ? [.. given] : [prompt[^1]];
            PromptCheck.Check(negative, model, "negative prompt");
            int longestNegative = negative.Length + _longest - prompt.Length;
            Unconditional = longestNegative <= (positions ?? int.MaxValue)
                ? new TokenStream(negative, negative.Length + Math.Min(_longest - prompt.Length, LargestReservation))
                : throw new ArgumentException($"the negative prompt has {negative.Length} tokens, with as many new ones as asked for more than the model's {positions}: shorten it");
        }

        _draft = request.Assistant is { } assistant ? new AssistantDraft(assistant) : config.PromptLookupNumTokens is > 0 ? new PromptLookupDraft() : null;
        int wanted = request.Assistant is null ? config.PromptLookupNumTokens ?? 0 : config.NumAssistantTokens ?? MostGuesses;
        _wantedGuesses = Math.Clamp(wanted, 0, MostGuesses);
    }

    /// <summary>What was asked for.</summary>
    public GenerationRequest Request { get; }

    /// <summary>All tokens so far, prompt included, an end token too.</summary>
    public ReadOnlySpan<int> Tokens => Main.Tokens;

    /// <summary>How many of <see cref="Tokens"/> are the prompt.</summary>
    public int PromptLength => Main.PromptLength;

    /// <summary>The tokens that were generated.</summary>
    public ReadOnlySpan<int> NewTokens => Tokens[PromptLength..];

    /// <summary>Why it ended; null while it goes on.</summary>
    public FinishReason? FinishReason { get; internal set; }

    internal TokenStream Main { get; }

    /// <summary>The unconditional run of guidance, or null.</summary>
    internal TokenStream? Unconditional { get; }

    /// <summary>Tokens to feed to <paramref name="stream"/> in the next step: the newest one, and guesses at those after it.</summary>
    internal ReadOnlySpan<int> NextTokens(TokenStream stream)
    {
        if (ReferenceEquals(stream, Main))
        {
            int room = Math.Min(_wantedGuesses, _longest - Main.Count - 1);
            _guesses[0] = Main.Tokens[^1];
            _guessed = _draft is null || room <= 0 ? 0 : _draft.Propose(Main.Tokens, _guesses.AsSpan(1, room));
        }

        return _guesses.AsSpan(0, 1 + _guessed);
    }

    /// <summary>Takes the next token from logits: more than one where guesses turn out right.</summary>
    /// <param name="logits">Logits of the step; this sequence's rows are changed.</param>
    internal void Choose(Tensor logits)
    {
        for (int i = 0; i <= _guessed && FinishReason is null; i++)
        {
            Span<float> scores = logits.Row(Main.LogitRow + i);
            var context = new ProcessorContext(Main.Tokens, Main.PromptLength)
            {
                EncoderTokens = _source ?? Main.Tokens[..Main.PromptLength],
                UnconditionalScores = Unconditional is null ? default : logits.Row(Unconditional.LogitRow + i),
            };
            _processors.Process(scores, context);
            int token = _samples ? TokenSampler.Draw(scores, TokenSampler.Uniform(Request.Seed, _randomKey, (ulong)context.NewTokens)) : TokenSampler.Greedy(scores);
            Main.Add(token);
            Unconditional?.Add(token);
            FinishReason = _criteria.ReasonToStop(Main.Tokens, Main.PromptLength);
            if (i < _guessed && token != _guesses[i + 1])
            {
                break;
            }
        }

        _guessed = 0;
    }

    /// <summary>Frees what the sequence holds besides its tokens.</summary>
    internal void Release() => _draft?.Dispose();

    /// <summary>Texts of different prompts draw different numbers; the same prompt draws the same ones in any company.</summary>
    private static ulong RandomKey(ReadOnlySpan<int> prompt, GenerationRequest request)
    {
        // FNV-1a over the ids.
        ulong hash = 14695981039346656037;
        foreach (int token in prompt)
        {
            hash = (hash ^ (uint)token) * 1099511628211;
        }

        return CounterRandom.Derive(hash, (ulong)request.ReturnIndex);
    }
}
