namespace Graft.Formats;

/// <summary>The weights of a Hugging Face folder, whether they are one file or many.</summary>
public sealed class CheckpointFolder : IDisposable
{
    private readonly IReadOnlyList<IWeightFile> _files;

    private CheckpointFolder(string path, IReadOnlyList<IWeightFile> files, Dictionary<string, TensorEntry> tensors)
    {
        Path = path;
        _files = files;
        Tensors = tensors;
    }

    /// <summary>The file that was opened: the weights, or the index of the shards.</summary>
    public string Path { get; }

    /// <summary>All tensors, by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The pages of each file's map.</summary>
    public IReadOnlyList<FilePages> Pages => [.. _files.Select(file => file.Pages)];

    /// <summary>The strings under <c>__metadata__</c> of the weights, or of the first shard.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _files.Count == 0 ? new Dictionary<string, string>() : _files[0].Metadata;

    /// <summary>
    /// Opens the weights in <paramref name="folder"/>: <c>NAME.safetensors</c>, or else <c>NAME.safetensors.index.json</c> and
    /// its shards, or else the same of <c>pytorch_model.bin</c> (<c>NAME.bin</c> where the name is not <c>model</c>).
    /// </summary>
    /// <param name="folder">A model or adapter folder.</param>
    /// <param name="baseName">What the files begin with: <c>model</c>, <c>adapter_model</c> ...</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">There are no weights in it, or a shard is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the index and the shards disagree.</exception>
    public static CheckpointFolder Open(string folder, string baseName = "model")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(baseName);
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"'{folder}' is not a folder.");
        }

        foreach (string name in CheckpointNames.InOrderOfPreference(baseName))
        {
            string path = System.IO.Path.Combine(folder, name);
            if (File.Exists(path))
            {
                return OpenFile(path);
            }
        }

        throw new FileNotFoundException(
            $"'{folder}' holds no weights: none of {string.Join(", ", CheckpointNames.InOrderOfPreference(baseName))} is there. Download the model again, with its weights.");
    }

    /// <summary>Opens one weights file (<c>.safetensors</c>; any other ending is read as a torch file), or the shards that an index (<c>.index.json</c>) lists.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">It, or a shard, does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or the index and the shards disagree.</exception>
    public static CheckpointFolder OpenFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist.", path);
        }

        return path.EndsWith(".index.json", StringComparison.Ordinal) ? OpenShards(CheckpointIndex.Read(path)) : OpenSingle(path);
    }

    /// <summary>Closes all files: the entries' data must no longer be used.</summary>
    public void Dispose()
    {
        foreach (IWeightFile file in _files)
        {
            file.Dispose();
        }
    }

    private static IWeightFile OpenWeights(string path)
        => path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? SafetensorsFile.Open(path) : TorchFile.Open(path);

    private static CheckpointFolder OpenSingle(string path)
    {
        IWeightFile file = OpenWeights(path);
        return new CheckpointFolder(path, [file], file.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal));
    }

    private static CheckpointFolder OpenShards(CheckpointIndex index)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(index.Path))!;
        var shards = new Dictionary<string, IWeightFile>(StringComparer.Ordinal);
        var files = new List<IWeightFile>();
        try
        {
            var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
            foreach ((string name, string shardName) in index.WeightMap)
            {
                if (!shards.TryGetValue(shardName, out IWeightFile? shard))
                {
                    shard = OpenWeights(ShardPath.Resolve(folder, shardName, index.Path));
                    files.Add(shard);
                    shards.Add(shardName, shard);
                }

                if (!shard.TryGet(name, out TensorEntry? entry))
                {
                    throw new InvalidDataException($"'{index.Path}' says that tensor '{name}' is in '{shardName}', but it is not. Index and shards belong to different downloads; fetch both again.");
                }

                tensors.Add(name, entry);
            }

            AddUnlisted(index, files, tensors);
            return new CheckpointFolder(index.Path, files, tensors);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Like transformers, takes tensors of the shards that the index forgot; a name that two shards hold is ambiguous.</summary>
    private static void AddUnlisted(CheckpointIndex index, List<IWeightFile> files, Dictionary<string, TensorEntry> tensors)
    {
        var listed = new HashSet<string>(tensors.Keys, StringComparer.Ordinal);
        foreach (TensorEntry entry in files.SelectMany(file => file.Tensors).Where(entry => !listed.Contains(entry.Name)))
        {
            if (!tensors.TryAdd(entry.Name, entry))
            {
                throw new InvalidDataException($"'{index.Path}' does not list tensor '{entry.Name}', and both '{tensors[entry.Name].FilePath}' and '{entry.FilePath}' hold it. Fetch the index again.");
            }
        }
    }
}
