using Graft.Generation.Processors;
using Graft.Generation.Sampling;
using Graft.Generation.Stopping;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Generation.Decoding;

/// <summary>Beam search: keeps the <c>num_beams</c> likeliest beginnings and returns the best finished texts, as transformers does it.</summary>
/// <remarks>
/// Each step takes the best <c>max(2, 1 + end tokens) · num_beams</c> continuations of all beams; those among the first <c>num_beams</c>
/// that end are finished texts, the best that do not end run on. With <c>do_sample</c> continuations are drawn without replacement.
/// </remarks>
public sealed class BeamSearch : IDisposable
{
    private readonly CachedModel _model;

    /// <summary>A search with a model, with whatever adapters are plugged in when it runs.</summary>
    /// <param name="model">The model; not owned.</param>
    public BeamSearch(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = new CachedModel(model);
    }

    /// <summary>Searches for continuations of a prompt.</summary>
    /// <param name="request">The prompt and all settings.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    /// <returns><c>num_return_sequences</c> texts, best first.</returns>
    /// <exception cref="ArgumentException">The prompt does not fit the model, or a setting is out of range.</exception>
    /// <exception cref="NotSupportedException">A setting that Graft does not have.</exception>
    public IReadOnlyList<BeamHypothesis> Search(GenerationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var run = new Run(_model, request);
        while (run.GoesOn)
        {
            cancellationToken.ThrowIfCancellationRequested();
            run.Step();
        }

        return run.Results;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    /// <summary>One search.</summary>
    private sealed class Run : IDisposable
    {
        private readonly CachedModel _model;
        private readonly GenerationConfig _config;
        private readonly LogitsProcessorList _processors;
        private readonly StoppingCriteria _criteria;
        private readonly FinishedBeams _finished;
        private readonly BeamCandidates _candidates;
        private readonly int[]? _source;
        private readonly int _promptLength;
        private readonly int _width;
        private readonly ulong _seed;
        private List<Beam> _beams;

        public Run(CachedModel model, GenerationRequest request)
        {
            _model = model;
            _config = request.Config;
            _seed = request.Seed;
            _width = _config.NumBeams ?? 1;
            int[] prompt = [.. request.PromptIds];
            int? positions = model.Model.Config.MaximumPositions;
            PromptCheck.Check(prompt, model.Model, "prompt");
            PromptCheck.CheckSource(request, model.Model);
            int longest = PromptCheck.LongestText(prompt.Length, _config, positions);
            CheckSettings(request);
            _processors = LogitsProcessorList.Build(_config, positions, request.AllowedTokens, request.Processors);
            _criteria = StoppingCriteria.Build(_config, positions, request.BytesOfToken);
            _finished = new FinishedBeams(_width, _config, longest - prompt.Length);
            _candidates = new BeamCandidates(Math.Max(2, 1 + (_config.EosTokenId?.Count ?? 0)) * _width);
            _source = request.SourceIds?.ToArray();
            _promptLength = prompt.Length;
            _beams = [new Beam(model.AddSequence(request), prompt, 0)];
        }

        /// <summary>Whether another step could change the result.</summary>
        public bool GoesOn { get; private set; } = true;

        public IReadOnlyList<BeamHypothesis> Results => [.. _finished.Best.Take(_config.NumReturnSequences ?? 1)];

        public void Step()
        {
            FindCandidates();
            if (_candidates.Best.IsEmpty)
            {
                throw new ArgumentException("No token can be chosen: the settings forbid the whole vocabulary.");
            }

            var next = new List<Beam>(_width);
            int place = 0;
            bool allEnd = true;
            foreach (BeamCandidate candidate in _candidates.Best)
            {
                int[] tokens = [.. _beams[candidate.Beam].Tokens, candidate.Token];
                FinishReason? reason = _criteria.ReasonToStop(tokens, _promptLength);
                allEnd &= reason is not null;
                if (reason is { } ended && place < _width)
                {
                    _finished.Offer(tokens, candidate.Score, tokens.Length - _promptLength, ended);
                }
                else if (reason is null && next.Count < _width)
                {
                    next.Add(new Beam(_beams[candidate.Beam].Slot, tokens, candidate.Score));
                }

                place++;
            }

            int newTokens = _beams[0].Tokens.Length + 1 - _promptLength;
            MoveSlots(next);
            GoesOn = !allEnd && _finished.CanImprove(_beams.Count > 0 ? _beams[0].Score : double.NegativeInfinity, newTokens);
        }

        public void Dispose()
        {
            foreach (Beam beam in _beams)
            {
                _model.Remove(beam.Slot);
            }
        }

        private void FindCandidates()
        {
            bool isPrompt = _beams[0].Tokens.Length == _promptLength;
            _model.Begin();
            foreach (Beam beam in _beams)
            {
                _ = _model.Feed(beam.Slot, isPrompt ? beam.Tokens : beam.Tokens.AsSpan(^1..), logitRows: 1);
            }

            Tensor logits = _model.Run(decoding: !isPrompt)!;
            _candidates.Clear();
            for (int i = 0; i < _beams.Count; i++)
            {
                Span<float> scores = logits.Row(i);
                ScoreMath.LogSoftmax(scores);
                _processors.Process(scores, new ProcessorContext(_beams[i].Tokens, _promptLength) { EncoderTokens = _source ?? _beams[i].Tokens.AsSpan(0, _promptLength) });
                OfferAll(i, scores);
            }
        }

        private void OfferAll(int beam, ReadOnlySpan<float> scores)
        {
            bool draws = _config.DoSample ?? false;
            double before = _beams[beam].Score;
            int length = _beams[beam].Tokens.Length - _promptLength;
            for (int token = 0; token < scores.Length; token++)
            {
                double score = before + scores[token];
                if (double.IsNaN(score))
                {
                    throw new ArgumentException("a score is NaN: the model's output is broken, or a setting is extreme");
                }

                // The largest of scores with Gumbel noise are draws without replacement (Kool et al. 2019).
                double rank = draws && score > double.NegativeInfinity ? score + Gumbel(beam, length, token, scores.Length) : score;
                if (rank > _candidates.Threshold)
                {
                    _candidates.Offer(new BeamCandidate(beam, token, score, rank));
                }
            }
        }

        private double Gumbel(int beam, int length, int token, int vocabulary)
        {
            double uniform = TokenSampler.Uniform(_seed, (ulong)length, (ulong)(((long)beam * vocabulary) + token));
            return -Math.Log(-Math.Log(Math.Max(uniform, double.Epsilon)));
        }

        /// <summary>The first beam that goes on from another takes over its slot of the cache, others copy it.</summary>
        private void MoveSlots(List<Beam> next)
        {
            foreach (Beam beam in _beams)
            {
                int heir = next.FindIndex(child => child.Slot == beam.Slot);
                if (heir < 0)
                {
                    _model.Remove(beam.Slot);
                }

                for (int i = heir + 1; heir >= 0 && i < next.Count; i++)
                {
                    if (next[i].Slot == beam.Slot)
                    {
                        next[i] = next[i] with { Slot = -1 - beam.Slot };
                    }
                }
            }

            for (int i = 0; i < next.Count; i++)
            {
                next[i] = next[i].Slot < 0 ? next[i] with { Slot = _model.CopySequence(-1 - next[i].Slot) } : next[i];
            }

            _beams = next;
        }

        private void CheckSettings(GenerationRequest request)
        {
            if ((_config.NumReturnSequences ?? 1) > _width)
            {
                throw new ArgumentException($"num_return_sequences is {_config.NumReturnSequences}, but beam search finds no more than num_beams, {_width}");
            }

            if ((_config.GuidanceScale ?? 1) != 1 || request.Assistant is not null || _config.PromptLookupNumTokens is > 0)
            {
                throw new NotSupportedException("beam search does not go together with guidance_scale, an assistant or prompt_lookup_num_tokens: leave one out");
            }
        }
    }

    /// <summary>A beginning that runs on.</summary>
    private sealed record Beam(int Slot, int[] Tokens, double Score);
}
