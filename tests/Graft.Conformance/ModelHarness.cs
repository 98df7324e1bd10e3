using Graft.Formats;
using Graft.Generation;
using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Runs a model as the cases describe it: logits, the mean loss over all counted labels with its gradients, greedy text.</summary>
public sealed unsafe class ModelHarness : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Tape _tape = new();

    /// <summary>Runs <paramref name="model"/>; does not own it.</summary>
    public ModelHarness(LanguageModel model) => _model = model;

    /// <summary>Whether the model is in training mode: LLM.int8() layers compute differently then.</summary>
    public bool Training { get; set; }

    /// <summary>Logits of every token of a text, row by row.</summary>
    public float[] Logits(IReadOnlyList<int> ids) => Logits(new CaseSequence([.. ids], []));

    /// <summary>Logits of every token, row by row; of an encoder-decoder those of the tokens that lead to the labels.</summary>
    public float[] Logits(CaseSequence sequence)
    {
        _tape.Reset();
        _tape.Mode = TapeMode.Inference;
        var context = new ForwardContext(_tape) { Training = Training };
        Add(context, sequence);
        Tensor logits = _model.Logits(context, _model.Forward(context));
        return logits.Span.ToArray();
    }

    /// <summary>Mean cross-entropy over all counted labels of all sequences; gradients are added to the parameters' buffers where there are any.</summary>
    /// <param name="sequences">Token ids and unshifted labels.</param>
    /// <param name="gradientCheckpointing">Recompute blocks in the backward pass.</param>
    /// <param name="labelSmoothing">Share of the probability that goes to all tokens alike.</param>
    public (double Loss, int Counted) Loss(IReadOnlyList<(int[] Ids, int[] Labels)> sequences, bool gradientCheckpointing = false, double labelSmoothing = 0)
        => Loss([.. sequences.Select(sequence => new CaseSequence(sequence.Ids, sequence.Labels))], gradientCheckpointing, labelSmoothing);

    /// <summary>The same, where the decoder's inputs may be given.</summary>
    public (double Loss, int Counted) Loss(IReadOnlyList<CaseSequence> sequences, bool gradientCheckpointing = false, double labelSmoothing = 0)
    {
        _tape.Reset();
        _tape.Mode = TapeMode.Recording;
        var context = new ForwardContext(_tape) { GradientCheckpointing = gradientCheckpointing, Training = Training };
        var targets = new List<int>();
        foreach (CaseSequence sequence in sequences)
        {
            Add(context, sequence);
            targets.AddRange(_model is Seq2SeqLanguageModel ? sequence.Labels : sequence.Labels.Skip(1).Append(-100));
        }

        int counted = targets.Count(target => target != -100);
        Tensor hidden = _model.Forward(context);
        double scale = counted == 0 ? 0 : 1.0 / counted;
        LossSum loss = _model.Loss(context, hidden, targets.ToArray(), scale, (float)labelSmoothing);
        _tape.Backward();
        return (loss.Sum * scale, loss.Count);
    }

    /// <summary>Greedy continuation: the prompt (of an encoder-decoder, which reads it: the start token), then up to <paramref name="newTokens"/> tokens, ending with a stop id.</summary>
    public int[] Generate(IReadOnlyList<int> prompt, int newTokens, IReadOnlyCollection<int> stopIds)
    {
        var config = new GenerationConfig { MaxNewTokens = newTokens, EosTokenId = [.. stopIds] };
        using var engine = new GenerationEngine(_model);
        GenerationSequence sequence = engine.Add(_model is Seq2SeqLanguageModel seq2Seq
            ? new GenerationRequest { PromptIds = [seq2Seq.DecoderStartTokenId], SourceIds = prompt, Config = config }
            : new GenerationRequest { PromptIds = prompt, Config = config });
        while (engine.Step())
        {
        }

        return sequence.Tokens.ToArray();
    }

    private void Add(ForwardContext context, CaseSequence sequence)
    {
        if (_model is Seq2SeqLanguageModel model)
        {
            context.AddSource(sequence.Ids);
            context.AddSequence(sequence.DecoderIds ?? model.DecoderInputs(sequence.Labels));
        }
        else
        {
            context.AddSequence(sequence.Ids);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tape.Dispose();

    /// <summary>Stop ids of a model folder: generation_config.json where it is there, else config.json.</summary>
    public static IReadOnlyCollection<int> StopIds(string folder, ModelConfig config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        return File.Exists(path) ? ConfigReader.Open(path).IntegerOrList("eos_token_id") : [.. config.EosTokenIds];
    }

    /// <summary>A tensor that a case expects.</summary>
    public static float[] Expected(SafetensorsFile file, string name)
        => file.TryGet(name, out TensorEntry? entry) ? entry.ToSingles() : throw new MismatchException($"the case lacks {name}");
}
