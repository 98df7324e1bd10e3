using Graft.Peft;
using Graft.Text;

namespace Graft.Cli.Folders;

/// <summary>What a path on the command line stands for: a model, or an adapter with its base model.</summary>
internal sealed class LoadedModel : IDisposable
{
    private LoadedModel(PeftModel model, string modelFolder, string? adapterFolder)
    {
        Model = model;
        ModelFolder = modelFolder;
        AdapterFolder = adapterFolder;
    }

    /// <summary>The model; the adapter is active.</summary>
    public PeftModel Model { get; }

    /// <summary>The base model's folder.</summary>
    public string ModelFolder { get; }

    /// <summary>The adapter's folder; null for a model by itself.</summary>
    public string? AdapterFolder { get; }

    /// <summary>Loads a model folder, or an adapter folder with its base model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="baseFolder">The adapter's base model; null for the one that it names.</param>
    public static LoadedModel Load(string path, string? baseFolder)
    {
        if (File.Exists(Path.Combine(path, AdapterConfig.FileName)))
        {
            return LoadAdapter(path, baseFolder);
        }

        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"there is no folder {path}");
        }

        if (!File.Exists(Path.Combine(path, "config.json")))
        {
            string? newest = RunFolder.NewestCheckpoint(path);
            throw new FileNotFoundException($"{path} is neither an adapter ({AdapterConfig.FileName}) nor a model (config.json)"
                + (newest is null ? string.Empty : $"; it holds checkpoints, the newest one is {newest}"));
        }

        return baseFolder is null
            ? new LoadedModel(PeftModel.Load(path), path, adapterFolder: null)
            : throw new ArgumentException($"{path} is a model, not an adapter: --model does not go with it");
    }

    /// <summary>Loads an adapter folder with its base model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="baseFolder">The base model; null for the one that the adapter names.</param>
    public static LoadedModel LoadAdapter(string path, string? baseFolder)
    {
        string folder = BaseModelFolder.Require(path, AdapterConfig.Load(path), baseFolder);
        PeftModel model = PeftModel.Load(folder);
        try
        {
            model.LoadAdapter(path);
            return new LoadedModel(model, folder, path);
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
        string? folder = new[] { AdapterFolder, ModelFolder }.FirstOrDefault(folder => folder is not null && TokenizerFiles.AreIn(folder));
        if (folder is null)
        {
            return null;
        }

        Tokenizer tokenizer = Tokenizer.Load(folder);
        int rows = Model.Base.InputEmbedding.VocabularySize;
        return tokenizer.VocabularySize <= rows
            ? tokenizer
            : throw new InvalidDataException($"the tokenizer in {folder} has {tokenizer.VocabularySize} tokens, but the model's embedding only {rows} rows: it belongs to another model");
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
