using System.Text.RegularExpressions;
using Graft.Formats;

namespace Graft.Training.Tracking;

/// <summary>What an MLflow run is doing.</summary>
public enum MlflowStatus
{
    /// <summary>It runs, or was killed.</summary>
    Running = 1,

    /// <summary>It will run.</summary>
    Scheduled = 2,

    /// <summary>It has ended well.</summary>
    Finished = 3,

    /// <summary>It has failed.</summary>
    Failed = 4,

    /// <summary>It was stopped.</summary>
    Killed = 5,
}

/// <summary>A run of an MLflow file store: a folder with <c>meta.yaml</c> and a file for each metric, parameter and tag.</summary>
public sealed partial class MlflowRun
{
    /// <summary>Longest value of a parameter; the Trainer leaves out those that are longer.</summary>
    public const int LongestParameter = 6000;

    private const int LongestName = 250;
    private const int LocalSource = 4;

    private readonly MlflowExperiment _experiment;
    private readonly string? _name;
    private readonly string _user;
    private readonly long _started;

    private MlflowRun(MlflowExperiment experiment, string id, string? name, string user, long started)
    {
        _experiment = experiment;
        Id = id;
        _name = name;
        _user = user;
        _started = started;
    }

    /// <summary>Its id: 32 hexadecimal digits.</summary>
    public string Id { get; }

    /// <summary>Its folder.</summary>
    public string Folder => Path.Combine(_experiment.Folder, Id);

    /// <summary>The store that it belongs to.</summary>
    public string Store => Path.GetDirectoryName(_experiment.Folder)!;

    /// <summary>Begins a run.</summary>
    /// <param name="experiment">The experiment.</param>
    /// <param name="id">Its id.</param>
    /// <param name="name">Its name.</param>
    /// <param name="user">Who runs it.</param>
    /// <param name="milliseconds">The time, in milliseconds since 1970.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static MlflowRun Start(MlflowExperiment experiment, string id, string name, string user, long milliseconds)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        var run = new MlflowRun(experiment, id, name, user, milliseconds);
        foreach (string part in new[] { "artifacts", "metrics", "params", "tags" })
        {
            Directory.CreateDirectory(Path.Combine(run.Folder, part));
        }

        run.WriteMeta(MlflowStatus.Running, ended: null);
        run.SetTag("mlflow.runName", name);
        run.SetTag("mlflow.user", user);
        return run;
    }

    /// <summary>Goes on with a run; null when it is not there any more.</summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="experimentId">The experiment's id.</param>
    /// <param name="id">The run's id.</param>
    public static MlflowRun? Resume(string store, string experimentId, string id)
    {
        var experiment = new MlflowExperiment(experimentId, Path.Combine(Path.GetFullPath(store), experimentId));
        string meta = Path.Combine(experiment.Folder, id, MlflowExperiment.MetaFile);
        if (!File.Exists(meta))
        {
            return null;
        }

        IReadOnlyDictionary<string, string?> values = MetaYaml.Read(meta);
        if (!long.TryParse(values.GetValueOrDefault("start_time"), out long started))
        {
            throw new InvalidDataException($"{meta} has no start_time: remove the run's folder, and a new run begins");
        }

        var run = new MlflowRun(experiment, id, values.GetValueOrDefault("run_name"), values.GetValueOrDefault("user_id") ?? string.Empty, started);
        run.WriteMeta(MlflowStatus.Running, ended: null);
        return run;
    }

    /// <summary>Adds a value of a metric.</summary>
    /// <param name="name">Its name; parts before a slash are folders.</param>
    /// <param name="value">The value.</param>
    /// <param name="step">The optimizer step.</param>
    /// <param name="milliseconds">The time, in milliseconds since 1970.</param>
    /// <exception cref="IOException">The disk is full, or gone.</exception>
    public void LogMetric(string name, double value, long step, long milliseconds)
        => File.AppendAllText(FileOf("metrics", name), $"{milliseconds} {PythonText.Of(value)} {step}\n");

    /// <summary>Sets a parameter, unless the run has it: MLflow's parameters never change.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">The value as text, at most <see cref="LongestParameter"/> characters.</param>
    /// <exception cref="ArgumentException">The value is too long.</exception>
    public void LogParameter(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length > LongestParameter)
        {
            throw new ArgumentException($"parameter '{name}' has {value.Length} characters; MLflow takes at most {LongestParameter}");
        }

        string path = FileOf("params", name);
        if (!File.Exists(path))
        {
            AtomicFile.WriteAllText(path, value);
        }
    }

    /// <summary>Sets a tag.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">The value.</param>
    public void SetTag(string name, string value) => AtomicFile.WriteAllText(FileOf("tags", name), value);

    /// <summary>Ends the run.</summary>
    /// <param name="status">How.</param>
    /// <param name="milliseconds">The time, in milliseconds since 1970.</param>
    public void End(MlflowStatus status, long milliseconds) => WriteMeta(status, milliseconds);

    /// <summary>The file of a name, in a folder that exists.</summary>
    /// <exception cref="ArgumentException">MLflow does not take the name, or it would lead out of the run's folder.</exception>
    private string FileOf(string kind, string name)
    {
        bool isSafe = name.Length is > 0 and <= LongestName && ValidName().IsMatch(name) && name.Split('/').All(part => part is not ("" or "." or ".."));
        if (!isSafe)
        {
            throw new ArgumentException($"'{name}' is no name that MLflow takes: at most {LongestName} letters, digits, _ - . : and spaces, with / between folders");
        }

        string path = Path.Combine(Folder, kind, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    private void WriteMeta(MlflowStatus status, long? ended) => AtomicFile.WriteAllText(Path.Combine(Folder, MlflowExperiment.MetaFile), MetaYaml.Write(new Dictionary<string, object?>
    {
        ["artifact_uri"] = MlflowExperiment.UriOf(Path.Combine(Folder, "artifacts")),
        ["end_time"] = ended,
        ["entry_point_name"] = string.Empty,
        ["experiment_id"] = _experiment.Id,
        ["lifecycle_stage"] = "active",
        ["run_id"] = Id,
        ["run_name"] = _name,
        ["source_name"] = string.Empty,
        ["source_type"] = (long)LocalSource,
        ["source_version"] = string.Empty,
        ["start_time"] = _started,
        ["status"] = (long)status,
        ["tags"] = Array.Empty<string>(),
        ["user_id"] = _user,
    }));

    [GeneratedRegex(@"^[/\w.\- :]*\z")]
    private static partial Regex ValidName();
}
