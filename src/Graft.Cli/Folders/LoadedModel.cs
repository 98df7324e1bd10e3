using Graft.Models;
using Graft.Peft;
using Graft.Text;

namespace Graft.Cli.Folders;

/// <summary>What a path on the command line stands for: a model, or an adapter with its base model.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(PeftModel model, string modelPath, string? adapterFolder)
    {
        Model = model;
        ModelPath = modelPath;
        AdapterFolder = adapterFolder;
    }

    /// <summary>The model; the adapter is active.</summary>
    public PeftModel Model { get; }

    /// <summary>The base model's folder, or GGUF file.</summary>
    public string ModelPath { get; }

    /// <summary>The adapter's folder; null for a model by itself.</summary>
    public string? AdapterFolder { get; }

    /// <summary>Loads a model folder or GGUF file, or an adapter folder with its base model.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="basePath">The adapter's base model; null for the one that it names.</param>
    /// <param name="quantization">How to quantise the base model while loading; null for as it is in its files.</param>
    public static LoadedModel Load(string path, string? basePath, QuantizationConfig? quantization = null)
    {
        if (File.Exists(Path.Combine(path, AdapterConfig.FileName)))
        {
            return LoadAdapter(path, basePath, quantization);
        }

        Folders.ModelPath.Require(path, "model");
        if (!Folders.ModelPath.IsModel(path))
        {
            throw new FileNotFoundException($"{path} is neither an adapter ({AdapterConfig.FileName}) nor a model (config.json){Hint(path)}");
        }

        return basePath is null
            ? new LoadedModel(new PeftModel(LanguageModel.Load(path, quantization)), path, adapterFolder: null)
            : throw new ArgumentException($"{path} is a model, not an adapter: --model does not go with it");
    }

    /// <summary>Loads an adapter folder with its base model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="basePath">The base model; null for the one that the adapter names.</param>
    /// <param name="quantization">How to quantise the base model while loading; null for as it is in its files.</param>
    public static LoadedModel LoadAdapter(string path, string? basePath, QuantizationConfig? quantization = null)
    {
        string found = BaseModelFolder.Require(path, AdapterConfig.Load(path), basePath);
        PeftModel model = new(LanguageModel.Load(found, quantization));
        try
        {
            model.LoadAdapter(path);
            return new LoadedModel(model, found, path);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The tokenizer that lies with the adapter, or else with the model; null when there is none.</summary>
    public Tokenizer? LoadTokenizer()
    {
        string where = AdapterFolder is { } folder && TokenizerFiles.AreIn(folder) ? folder : ModelPath;
        if (Folders.ModelPath.FindTokenizer(where) is not { } tokenizer)
        {
            return null;
        }

        int rows = Model.Base.InputEmbedding.VocabularySize;
        return tokenizer.VocabularySize <= rows
            ? tokenizer
            : throw new InvalidDataException($"the tokenizer in {where} has {tokenizer.VocabularySize} tokens, but the model's embedding only {rows} rows: it belongs to another model");
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    /// <summary>What in a folder may have been meant.</summary>
    private static string Hint(string folder)
        => RunFolder.NewestCheckpoint(folder) is { } newest ? $"; it holds checkpoints, the newest one is {newest}"
            : Directory.EnumerateFiles(folder, "*.gguf").Order(StringComparer.Ordinal).FirstOrDefault() is { } file ? $"; it holds a GGUF file: give {file} itself"
            : string.Empty;
}
