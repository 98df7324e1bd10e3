using System.Globalization;
using System.Security.Cryptography;
using Graft.Formats;

namespace Graft.Training.Tracking;

/// <summary>An experiment of an MLflow file store: a folder <c>mlruns/ID</c> that holds runs.</summary>
/// <remarks>MLflow 3.17 opens file stores only where <c>MLFLOW_ALLOW_FILE_STORE=true</c> is set.</remarks>
/// <param name="Id">Its id, a decimal number.</param>
/// <param name="Folder">Its folder.</param>
public sealed record MlflowExperiment(string Id, string Folder)
{
    /// <summary>Name of the experiment that always exists; its id is 0.</summary>
    public const string DefaultName = "Default";

    internal const string MetaFile = "meta.yaml";
    private const string DefaultId = "0";

    /// <summary>Opens an experiment of a store by name; store and experiment are created when missing, and experiment 0 with them.</summary>
    /// <param name="store">The store's folder, usually <c>mlruns</c>.</param>
    /// <param name="name">The experiment's name.</param>
    /// <param name="clock">The time; null: the system's.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="ArgumentException">The experiment has been deleted.</exception>
    public static MlflowExperiment Open(string store, string name = DefaultName, TimeProvider? clock = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(store);
        ArgumentException.ThrowIfNullOrEmpty(name);
        string root = Path.GetFullPath(store);
        long now = (clock ?? TimeProvider.System).GetUtcNow().ToUnixTimeMilliseconds();
        if (!File.Exists(Path.Combine(root, DefaultId, MetaFile)))
        {
            Create(root, DefaultId, DefaultName, now);
        }

        if (Find(root, name) is { } found)
        {
            return found;
        }

        if (Directory.Exists(Path.Combine(root, ".trash")) && Find(Path.Combine(root, ".trash"), name) is not null)
        {
            throw new ArgumentException($"the MLflow experiment '{name}' in {root} has been deleted: choose another name, or restore it");
        }

        return Create(root, NewId(), name, now);
    }

    /// <summary>Creates an experiment with a given id.</summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="id">Its id.</param>
    /// <param name="name">Its name.</param>
    /// <param name="milliseconds">The time, in milliseconds since 1970.</param>
    public static MlflowExperiment Create(string store, string id, string name, long milliseconds)
    {
        ArgumentException.ThrowIfNullOrEmpty(store);
        string folder = Path.Combine(Path.GetFullPath(store), id);
        Directory.CreateDirectory(folder);
        AtomicFile.WriteAllText(Path.Combine(folder, MetaFile), MetaYaml.Write(new Dictionary<string, object?>
        {
            ["artifact_location"] = UriOf(folder),
            ["creation_time"] = milliseconds,
            ["effective_trace_archival_retention"] = null,
            ["experiment_id"] = id,
            ["last_update_time"] = milliseconds,
            ["lifecycle_stage"] = "active",
            ["name"] = name,
            ["trace_location"] = null,
            ["workspace"] = "default",
        }));
        return new MlflowExperiment(id, folder);
    }

    /// <summary>A folder as MLflow names it.</summary>
    internal static string UriOf(string folder) => new Uri(folder).AbsoluteUri;

    private static MlflowExperiment? Find(string root, string name)
    {
        foreach (string folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            string meta = Path.Combine(folder, MetaFile);
            if (File.Exists(meta) && MetaYaml.Read(meta).GetValueOrDefault("name") == name)
            {
                return new MlflowExperiment(Path.GetFileName(folder), folder);
            }
        }

        return null;
    }

    private static string NewId()
    {
        // Eighteen digits, the first not 0, as MLflow's.
        long id = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)) & long.MaxValue;
        return (100_000_000_000_000_000 + (id % 900_000_000_000_000_000)).ToString(CultureInfo.InvariantCulture);
    }
}
