using Graft.Formats;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>A language model: token ids in, hidden rows out, and a head that turns hidden rows into logits of the next token.</summary>
/// <remarks>
/// <see cref="CausalLanguageModel"/> continues a text, <see cref="Seq2SeqLanguageModel"/> writes one text about another. Adapters,
/// losses and the trainer need no more than what stands here.
/// </remarks>
public abstract class LanguageModel : Module, IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>Names no path: it is the root of the module tree.</summary>
    /// <param name="config">What config.json says.</param>
    protected LanguageModel(ModelConfig config)
        : base(string.Empty)
        => Config = config;

    /// <summary>What config.json says.</summary>
    public ModelConfig Config { get; }

    /// <summary>The folder or GGUF file that it was loaded from, or null.</summary>
    public string? Folder { get; private set; }

    /// <summary>How bitsandbytes has quantised the linear layers, or null.</summary>
    public QuantizationConfig? Quantization { get; internal set; }

    /// <summary>Whether the weights take more memory than there is room for, so that passes read them from the disk again and again.</summary>
    public bool StreamsWeights => HeadStage?.Streaming is { IsBeyondMemory: true };

    /// <summary>The files that weights may lie in, mapped; none for a model that was not loaded.</summary>
    internal IReadOnlyList<FilePages> MappedFiles { get; private set; } = [];

    /// <summary>The head's weights as they are streamed from a mapped file; null where they are not.</summary>
    internal WeightStage? HeadStage { get; set; }

    /// <summary>The token embedding.</summary>
    public abstract Embedding InputEmbedding { get; }

    /// <summary>The head; its weight may be the embedding's.</summary>
    public abstract Linear Head { get; }

    /// <summary>Loads a Hugging Face folder (config.json and model.safetensors, in one file or in shards), or a GGUF file.</summary>
    /// <remarks>Weights stay in the memory map. Missing, unexpected and misshapen tensors are all listed.</remarks>
    /// <param name="folder">The folder, or the file.</param>
    /// <param name="quantization">How to quantise the linear layers while loading; null to leave them as they are in the files.</param>
    /// <param name="dtype">What weights that are not quantised are stored as (<c>dtype</c>, once <c>torch_dtype</c>); null for the files' own.</param>
    /// <exception cref="ArgumentException">The model is quantised in another way already.</exception>
    /// <exception cref="InvalidDataException">The folder's files do not make a model; the message says what and where.</exception>
    /// <exception cref="NotSupportedException">A family or option that Graft does not know.</exception>
    public static LanguageModel Load(string folder, QuantizationConfig? quantization = null, DType? dtype = null)
    {
        if (GgufModel.IsGguf(folder))
        {
            return quantization is null
                ? LoadGguf(folder, dtype)
                : throw new ArgumentException($"{folder} is quantised already: a GGUF file cannot be loaded in 8 or 4 bits of another format");
        }

        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"there is no model folder {folder}");
        }

        ModelFamily family = ModelFamilies.Of(ConfigReader.Open(Path.Combine(folder, "config.json")), out ModelConfig config);
        QuantizationConfig? stored = QuantizationConfig.Of(config.Reader);
        if (stored is not null && quantization is not null && stored.LoadIn4Bit != quantization.LoadIn4Bit)
        {
            throw new ArgumentException($"{folder} is quantised to {(stored.LoadIn4Bit ? 4 : 8)} bits already: it cannot be loaded in {(stored.LoadIn4Bit ? 8 : 4)}");
        }

        CheckpointFolder weights = CheckpointFolder.Open(folder);
        try
        {
            var source = new CheckpointWeights(weights, folder, family.CanonicalName, stored);
            LanguageModel model = family.Create(config, source);
            source.Finish();
            model._owned.Add(weights);
            model.Folder = folder;
            model.Quantization = stored;
            model.MappedFiles = weights.Pages;
            if (stored is null && quantization is not null)
            {
                ModelQuantization.Quantize(model, quantization, dtype);
            }
            else if (dtype is { } other)
            {
                ModelQuantization.Convert(model, other);
            }

            WeightStreaming.Attach(model);
            return model;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>A new model with random weights.</summary>
    /// <param name="config">The config.json to build from.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="dtype">How the weights are stored.</param>
    public static LanguageModel Create(ConfigReader config, ulong seed, DType dtype = DType.Float32)
    {
        ModelFamily family = ModelFamilies.Of(config, out ModelConfig parsed);
        return family.Create(parsed, new RandomWeights(seed, parsed.InitializerRange, dtype));
    }

    /// <summary>Runs the model up to what its head takes: one row for each token of the text that it writes.</summary>
    /// <param name="context">The forward pass, with the tokens.</param>
    /// <returns>[tokens, hidden].</returns>
    public abstract Tensor Forward(ForwardContext context);

    /// <summary>Logits of hidden rows.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="hidden">[rows, hidden].</param>
    /// <returns>[rows, vocabulary].</returns>
    public Tensor Logits(ForwardContext context, Tensor hidden)
    {
        HeadStage?.BeginForward();
        return Head.Forward(context, hidden);
    }

    /// <summary>Cross-entropy of the labelled rows; logits exist only there (design D6). While the tape records, the gradient is ready for its backward pass.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="hidden">[tokens, hidden].</param>
    /// <param name="targets">For each row the token that it should predict, or -100.</param>
    /// <param name="scale">What the loss is multiplied by before it is differentiated: one over the number of counted tokens.</param>
    /// <param name="labelSmoothing">Share of the probability that goes to all tokens alike.</param>
    /// <param name="tokenLosses">Receives the loss of each row, 0 where there is none; may be empty.</param>
    /// <returns>The unscaled sum and the number of counted rows.</returns>
    public LossSum Loss(ForwardContext context, Tensor hidden, ReadOnlySpan<int> targets, double scale, float labelSmoothing = 0, Span<float> tokenLosses = default)
    {
        HeadStage?.BeginForward();
        return Head.Plugs.Count == 0 && Head.Weight.Current.Quantized is null or BlockMatrix
            ? Op.LinearCrossEntropy(context.Tape, hidden, targets, Head.Weight.Current, Head.Bias?.Current, scale, labelSmoothing, tokenLosses)
            : Op.CrossEntropy(context.Tape, Logits(context, hidden), targets, scale, labelSmoothing, tokenLosses);
    }

    /// <summary>Every weight once, by its first name: a tied head goes by the embedding's.</summary>
    public IEnumerable<(string Name, WeightSlot Slot)> DistinctWeights()
    {
        var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
        return NamedWeights().Where(weight => seen.Add(weight.Slot.Original));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the weight files.</summary>
    /// <param name="disposing">Whether called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            HeadStage?.Streaming?.Dispose();
            _owned.ForEach(owned => owned.Dispose());
            _owned.Clear();
        }
    }

    private static LanguageModel LoadGguf(string path, DType? dtype)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            ModelFamily family = ModelFamilies.Of(GgufModel.Config(file), out ModelConfig config);
            WeightSource weights = GgufModel.Weights(file);
            LanguageModel model = family.Create(config, weights);
            weights.Finish();
            model._owned.Add(file);
            model.Folder = path;
            if (dtype is { } other)
            {
                ModelQuantization.Convert(model, other);
            }

            model.MappedFiles = [file.Pages];
            WeightStreaming.Attach(model);
            return model;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
