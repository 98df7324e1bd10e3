using Graft.Models;
using Graft.Tensors;
using Graft.Tensors.Threading;

namespace Graft.Generation.Decoding;

/// <summary>Generates texts side by side, token by token: sequences join and leave between steps (continuous batching).</summary>
/// <remarks>
/// Sequences of any lengths run in one ragged batch without padding. Prompts and new tokens take different kernels, chosen by
/// what a token is and never by how many there are: a text is the same, bit for bit, alone and in any company. A step without
/// newcomers allocates nothing on the managed heap. Not safe for use from several threads at once.
/// </remarks>
public sealed class GenerationEngine : IDisposable
{
    // Prompts are fed in pieces of this length, counted from their own beginning.
    private const int PromptPiece = 512;
    private const int PromptRowsPerStep = 2048;

    private readonly CachedModel _model;
    private readonly Queue<GenerationSequence> _waiting = new();
    private readonly List<GenerationSequence> _running = [];
    private readonly List<GenerationSequence> _choosing = [];

    /// <summary>An engine for a model, with whatever adapters are plugged in when it runs.</summary>
    /// <param name="model">The model; not owned.</param>
    public GenerationEngine(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = new CachedModel(model);
    }

    /// <summary>The model.</summary>
    public LanguageModel Model => _model.Model;

    /// <summary>Most sequences in a batch; others wait until one leaves. Bounds the memory for keys and values.</summary>
    public int MaximumSequences
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 32;

    /// <summary>Sequences that are not finished, running or waiting.</summary>
    public int Count => _running.Count + _waiting.Count;

    /// <summary>Adds a text; it joins at the next step, or when there is room.</summary>
    /// <param name="request">What to generate.</param>
    /// <returns>The text, which grows with each step.</returns>
    /// <exception cref="ArgumentException">The prompt does not fit the model, or a setting is out of range.</exception>
    /// <exception cref="NotSupportedException">A setting that Graft does not have.</exception>
    public GenerationSequence Add(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if ((request.Config.NumBeams ?? 1) > 1)
        {
            throw new ArgumentException($"num_beams is {request.Config.NumBeams}: beam search is not decoded token by token; use BeamSearch");
        }

        var sequence = new GenerationSequence(request, Model);
        _waiting.Enqueue(sequence);
        return sequence;
    }

    /// <summary>Takes an unfinished text out, as if it had ended.</summary>
    /// <param name="sequence">A text of this engine.</param>
    /// <param name="reason">Why it ends.</param>
    public void Finish(GenerationSequence sequence, FinishReason reason)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        if (sequence.FinishReason is null)
        {
            sequence.FinishReason = reason;
            RemoveFinished();
        }
    }

    /// <summary>Forgets all unfinished texts.</summary>
    public void Clear()
    {
        while (_waiting.TryDequeue(out GenerationSequence? sequence))
        {
            sequence.Release();
        }

        for (int i = _running.Count - 1; i >= 0; i--)
        {
            Remove(i);
        }
    }

    /// <summary>Feeds the prompts of newcomers, as far as a step bears, and takes one token for every other text.</summary>
    /// <returns>Whether there is more to do.</returns>
    public bool Step()
    {
        while (_running.Count < MaximumSequences && _waiting.TryDequeue(out GenerationSequence? sequence))
        {
            Admit(sequence);
        }

        // A newcomer's first token comes from its prompt, so it decodes from the next step on.
        Decode();
        FeedPrompts();
        RemoveFinished();
        return Count > 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        _model.Dispose();
    }

    private void Admit(GenerationSequence sequence)
    {
        if (sequence.FinishReason is not null)
        {
            return;
        }

        sequence.Main.Slot = _model.AddSequence(sequence.Request);
        if (sequence.Unconditional is { } unconditional)
        {
            unconditional.Slot = _model.AddSequence(sequence.Request);
        }

        _running.Add(sequence);
    }

    private void Decode()
    {
        _choosing.Clear();
        _model.Begin();
        foreach (GenerationSequence sequence in _running)
        {
            if (sequence.NewTokens.Length > 0)
            {
                FeedNext(sequence, sequence.Main);
                if (sequence.Unconditional is { } unconditional)
                {
                    FeedNext(sequence, unconditional);
                }

                _choosing.Add(sequence);
            }
        }

        if (_choosing.Count > 0)
        {
            Choose(_model.Run(decoding: true)!);
        }
    }

    private void FeedNext(GenerationSequence sequence, TokenStream stream)
    {
        ReadOnlySpan<int> tokens = sequence.NextTokens(stream);
        stream.LogitRow = _model.Feed(stream.Slot, tokens, logitRows: tokens.Length);
    }

    private void FeedPrompts()
    {
        _choosing.Clear();
        _model.Begin();
        int rows = 0;
        for (int i = 0; i < _running.Count && rows < PromptRowsPerStep; i++)
        {
            GenerationSequence sequence = _running[i];
            if (sequence.NewTokens.Length == 0)
            {
                bool ends = IsLastPiece(sequence.Main) && (sequence.Unconditional is null || IsLastPiece(sequence.Unconditional));
                rows += FeedPiece(sequence.Main, ends);
                rows += sequence.Unconditional is { } unconditional ? FeedPiece(unconditional, ends) : 0;
                if (ends)
                {
                    _choosing.Add(sequence);
                }
            }
        }

        if (rows > 0 && _model.Run(decoding: false) is { } logits)
        {
            Choose(logits);
        }
    }

    private ReadOnlySpan<int> RestOfPrompt(TokenStream stream) => stream.Tokens[_model.Cache.LengthOf(stream.Slot)..];

    private bool IsLastPiece(TokenStream stream) => RestOfPrompt(stream).Length <= PromptPiece;

    /// <summary>Feeds the next piece of a prompt. The last one waits until those of both runs of a sequence can go together: their logits belong together.</summary>
    /// <returns>Number of tokens.</returns>
    private int FeedPiece(TokenStream stream, bool ends)
    {
        if (IsLastPiece(stream) && !ends)
        {
            return 0;
        }

        ReadOnlySpan<int> rest = RestOfPrompt(stream);
        ReadOnlySpan<int> piece = rest[..Math.Min(PromptPiece, rest.Length)];
        stream.LogitRow = _model.Feed(stream.Slot, piece, ends ? 1 : 0);
        return piece.Length;
    }

    /// <summary>Each sequence takes its token; several at the same time, each with memory of its own.</summary>
    private void Choose(Tensor logits)
    {
        var job = new ChooseJob { Sequences = _choosing, Logits = logits };
        WorkerPool.Shared.Run(_choosing.Count, ref job);
        foreach (GenerationSequence sequence in _choosing)
        {
            ForgetWrongGuesses(sequence.Main);
            if (sequence.Unconditional is { } unconditional)
            {
                ForgetWrongGuesses(unconditional);
            }
        }
    }

    /// <summary>The newest token is never in the cache yet.</summary>
    private void ForgetWrongGuesses(TokenStream stream)
    {
        int kept = stream.Count - 1;
        if (_model.Cache.LengthOf(stream.Slot) > kept)
        {
            _model.Cache.Truncate(stream.Slot, kept);
        }
    }

    private void RemoveFinished()
    {
        for (int i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].FinishReason is not null)
            {
                Remove(i);
            }
        }
    }

    private void Remove(int index)
    {
        GenerationSequence sequence = _running[index];
        _running.RemoveAt(index);
        _model.Remove(sequence.Main.Slot);
        if (sequence.Unconditional is { } unconditional)
        {
            _model.Remove(unconditional.Slot);
        }

        sequence.Release();
    }

    private struct ChooseJob : IParallelJob
    {
        public List<GenerationSequence> Sequences;
        public Tensor Logits;

        public readonly void Execute(int part) => Sequences[part].Choose(Logits);
    }
}
