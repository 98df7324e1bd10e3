using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Conformance;

/// <summary>Runs a model as the cases describe it: logits, the mean loss over all counted labels with its gradients, greedy text.</summary>
public sealed unsafe class ModelHarness : IDisposable
{
    private readonly CausalLanguageModel _model;
    private readonly Tape _tape = new();

    /// <summary>Runs <paramref name="model"/>; does not own it.</summary>
    public ModelHarness(CausalLanguageModel model) => _model = model;

    /// <summary>Whether the model is in training mode: LLM.int8() layers compute differently then.</summary>
    public bool Training { get; set; }

    /// <summary>Logits of every token, row by row.</summary>
    public float[] Logits(IReadOnlyList<int> ids)
    {
        _tape.Reset();
        _tape.Mode = TapeMode.Inference;
        var context = new ForwardContext(_tape) { Training = Training };
        context.AddSequence([.. ids]);
        Tensor logits = _model.Logits(context, _model.Forward(context));
        return logits.Span.ToArray();
    }

    /// <summary>Mean cross-entropy over all counted labels of all sequences; gradients are added to the parameters' buffers where there are any.</summary>
    /// <param name="sequences">Token ids and unshifted labels.</param>
    /// <param name="gradientCheckpointing">Recompute blocks in the backward pass.</param>
    public (double Loss, int Counted) Loss(IReadOnlyList<(int[] Ids, int[] Labels)> sequences, bool gradientCheckpointing = false)
    {
        _tape.Reset();
        _tape.Mode = TapeMode.Recording;
        var context = new ForwardContext(_tape) { GradientCheckpointing = gradientCheckpointing, Training = Training };
        var targets = new List<int>();
        foreach ((int[] ids, int[] labels) in sequences)
        {
            context.AddSequence(ids);
            targets.AddRange(labels.Skip(1).Append(-100));
        }

        int counted = targets.Count(target => target != -100);
        Tensor hidden = _model.Forward(context);
        double scale = counted == 0 ? 0 : 1.0 / counted;
        LossSum loss = _model.Loss(context, hidden, targets.ToArray(), scale);
        _tape.Backward();
        return (loss.Sum * scale, loss.Count);
    }

    /// <summary>Greedy continuation with a cache: the prompt, then up to <paramref name="newTokens"/> tokens, ending with a stop id.</summary>
    public int[] Generate(IReadOnlyList<int> prompt, int newTokens, IReadOnlyCollection<int> stopIds)
    {
        using var cache = new KeyValueCache(_model.Config.LayerCount, _model.Config.KeyValueWidth, _model.Config.KeyValueWidth);
        int[] slots = [cache.AddSequence()];
        List<int> ids = [.. prompt];
        _tape.Mode = TapeMode.Inference;
        var context = new ForwardContext(_tape) { Cache = cache };
        int fed = 0;
        for (int step = 0; step < newTokens; step++)
        {
            _tape.Reset();
            context.Begin();
            context.AddSequence([.. ids.Skip(fed)], firstPosition: fed);
            cache.SlotsOfStep = slots;
            Tensor logits = _model.Logits(context, _model.Forward(context));
            cache.Commit();
            fed = ids.Count;
            int next = ArgMax(logits.Row(logits.Rows - 1));
            ids.Add(next);
            if (stopIds.Contains(next))
            {
                break;
            }
        }

        return [.. ids];
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

    private static int ArgMax(ReadOnlySpan<float> values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[best])
            {
                best = i;
            }
        }

        return best;
    }
}
