using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Peft;
using Graft.Text;

namespace Graft.Generation;

/// <summary>Continues texts with a language model: greedily or by sampling, several prompts at once, whole or piece by piece.</summary>
/// <remarks>
/// Prompts of any lengths share a batch without padding, and each gets the text, bit for bit, that it gets alone. A PEFT model
/// answers with whatever adapters are active: switch or disable them between calls. One call at a time.
/// </remarks>
public sealed partial class TextGenerator : IDisposable
{
    private readonly GenerationEngine _engine;
    private readonly TokenBytes _tokenBytes;
    private int _busy;

    /// <summary>A generator for a model.</summary>
    /// <param name="model">The model; not owned.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">Settings that win over those of the model's folder.</param>
    public TextGenerator(LanguageModel model, Tokenizer tokenizer, GenerationConfig? config = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        _engine = new GenerationEngine(model);
        _tokenBytes = new TokenBytes(tokenizer);
        Tokenizer = tokenizer;
        Config = config is null ? GenerationConfig.Of(model) : GenerationConfig.Of(model).With(config);
        Config.EosTokenId ??= tokenizer.EosTokenId is { } end ? [end] : null;
        Config.BosTokenId ??= tokenizer.BosTokenId;
    }

    /// <summary>A generator for a model with adapters.</summary>
    /// <param name="model">The model; not owned.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="config">Settings that win over those of the model's folder.</param>
    public TextGenerator(PeftModel model, Tokenizer tokenizer, GenerationConfig? config = null)
        : this((model ?? throw new ArgumentNullException(nameof(model))).Base, tokenizer, config)
    {
    }

    /// <summary>Settings of every call; may be changed between calls.</summary>
    public GenerationConfig Config { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The model.</summary>
    public LanguageModel Model => _engine.Model;

    /// <summary>Continues a prompt.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="settings">Settings of this call; those that are null are taken from <see cref="Config"/>.</param>
    /// <param name="seed">Seed of the random numbers when sampling: the same seed and prompt give the same text.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <exception cref="ArgumentException">The prompt is empty or too long for the model, or a setting is out of range.</exception>
    /// <exception cref="NotSupportedException">A setting that Graft does not have.</exception>
    public GeneratedText Generate(string prompt, GenerationConfig? settings = null, ulong seed = GenerationRequest.DefaultSeed, CancellationToken cancellationToken = default)
        => Generate([prompt], settings, seed, cancellationToken)[0];

    /// <summary>Continues several prompts in one batch.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="settings">Settings of this call; those that are null are taken from <see cref="Config"/>.</param>
    /// <param name="seed">Seed of the random numbers when sampling: the same seed and prompt give the same text.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns>In the order of the prompts, <c>num_return_sequences</c> for each.</returns>
    /// <exception cref="ArgumentException">A prompt is empty or too long for the model, or a setting is out of range.</exception>
    /// <exception cref="NotSupportedException">A setting that Graft does not have.</exception>
    public IReadOnlyList<GeneratedText> Generate(
        IReadOnlyList<string> prompts, GenerationConfig? settings = null, ulong seed = GenerationRequest.DefaultSeed, CancellationToken cancellationToken = default)
    {
        var results = new SortedDictionary<int, GeneratedText>();
        Run(Requests(prompts, settings, seed), delta => { if (delta.Result is { } result) { results[delta.Index] = result; } }, cancellationToken);
        return [.. results.Values];
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    /// <summary>Prompts as requests: encoded, with all settings.</summary>
    private List<(int PromptIndex, GenerationRequest Request)> Requests(IReadOnlyList<string> prompts, GenerationConfig? settings, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        GenerationConfig config = settings is null ? Config : Config.With(settings);
        int texts = config.NumReturnSequences ?? 1;
        bool beams = (config.NumBeams ?? 1) > 1;
        if (texts > 1 && !beams && !(config.DoSample ?? false))
        {
            throw new ArgumentException($"num_return_sequences is {texts}, but without sampling or beams all texts of a prompt are the same: set do_sample or num_beams");
        }

        var requests = new List<(int PromptIndex, GenerationRequest Request)>();
        for (int i = 0; i < prompts.Count; i++)
        {
            int[] text = Encode(prompts[i], i, config);

            // An encoder-decoder reads the prompt and begins a text of its own.
            bool isSource = Model is Seq2SeqLanguageModel;
            int[] prompt = isSource ? [config.DecoderStartTokenId ?? ((Seq2SeqLanguageModel)Model).DecoderStartTokenId] : text;
            for (int copy = 0; copy < (beams ? 1 : texts); copy++)
            {
                requests.Add((i, new GenerationRequest { PromptIds = prompt, SourceIds = isSource ? text : null, Config = config, Seed = seed, ReturnIndex = copy, BytesOfToken = _tokenBytes.Of }));
            }
        }

        return requests;
    }

    private int[] Encode(string prompt, int index, GenerationConfig config)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = Tokenizer.Encode(prompt).Ids;
        if (ids.Length > 0)
        {
            return ids;
        }

        // A text without prompt begins with the token for that.
        return config.BosTokenId is { } begin
            ? [begin]
            : throw new ArgumentException($"prompt {index} is empty and the model has no bos_token_id to begin with: give it some text");
    }

    /// <summary>Generates, giving out text as it becomes final.</summary>
    private void Run(List<(int PromptIndex, GenerationRequest Request)> requests, Action<TextDelta> emit, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new InvalidOperationException("the generator is busy with another call: wait for its end, or make a second generator");
        }

        try
        {
            if (requests.Count > 0 && (requests[0].Request.Config.NumBeams ?? 1) > 1)
            {
                RunBeams(requests, emit, cancellationToken);
            }
            else
            {
                RunSideBySide(requests, emit, cancellationToken);
            }
        }
        finally
        {
            _engine.Clear();
            Volatile.Write(ref _busy, 0);
        }
    }

    private void RunSideBySide(List<(int PromptIndex, GenerationRequest Request)> requests, Action<TextDelta> emit, CancellationToken cancellationToken)
    {
        var texts = new List<(int Index, GenerationSequence Sequence, TextAssembler Text)>();
        foreach ((int promptIndex, GenerationRequest request) in requests)
        {
            texts.Add((texts.Count, _engine.Add(request), new TextAssembler(Tokenizer, request.PromptIds, promptIndex, request.Config)));
        }

        while (texts.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _engine.Step();
            texts.RemoveAll(text => GiveOut(text.Index, text.Sequence, text.Text, emit));
        }
    }

    /// <summary>Gives out what is new of a text.</summary>
    /// <returns>Whether it is finished.</returns>
    private bool GiveOut(int index, GenerationSequence sequence, TextAssembler text, Action<TextDelta> emit)
    {
        string piece = text.Take(sequence.NewTokens, sequence.FinishReason);
        if (text.StopString is not null)
        {
            _engine.Finish(sequence, FinishReason.StopString);
        }

        GeneratedText? result = sequence.FinishReason is { } reason ? text.Result(sequence.NewTokens, reason) : null;
        if (piece.Length > 0 || result is not null)
        {
            emit(new TextDelta(index, piece, result));
        }

        return result is not null;
    }

    private void RunBeams(List<(int PromptIndex, GenerationRequest Request)> requests, Action<TextDelta> emit, CancellationToken cancellationToken)
    {
        using var search = new BeamSearch(Model);
        int index = 0;
        foreach ((int promptIndex, GenerationRequest request) in requests)
        {
            foreach (BeamHypothesis found in search.Search(request, cancellationToken))
            {
                ReadOnlySpan<int> tokens = found.Tokens.AsSpan(request.PromptIds.Count);
                var text = new TextAssembler(Tokenizer, request.PromptIds, promptIndex, request.Config);
                string whole = text.Take(tokens, found.FinishReason);
                emit(new TextDelta(index++, whole, text.Result(tokens, found.FinishReason, found.Score)));
            }
        }
    }
}
