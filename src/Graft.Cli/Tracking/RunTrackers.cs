using Graft.Cli.Configuration;
using Graft.Training.Data;
using Graft.Training.Tracking;

namespace Graft.Cli.Tracking;

/// <summary>The trackers that <c>report_to</c> asks for. They write files; Graft sends nothing anywhere.</summary>
internal static class RunTrackers
{
    private const string None = "none";
    private const string All = "all";
    private static readonly string[] Known = ["wandb", "tensorboard", "mlflow"];

    /// <summary>The type of <c>report_to</c>: one name, several, <c>all</c>, or <c>none</c>.</summary>
    public static ConfigType<IReadOnlyList<string>> Names { get; } = new("NAMES", Read, YamlText.OptionalList, FlagArity.Many);

    /// <summary>Makes them. Nothing is written before the run begins.</summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="describe">Describes the run to them.</param>
    /// <param name="warn">Takes what the user should know.</param>
    /// <param name="environment">Reads a variable; null: of the process.</param>
    /// <exception cref="ArgumentException">A variable asks for what Graft does not do: sending, or a store that is no folder.</exception>
    public static IReadOnlyList<ITracker> Create(RunConfiguration configuration, Func<TrackedRun> describe, Action<string> warn, Func<string, string?>? environment = null)
    {
        IReadOnlyList<string> names = configuration.Get(TrackerKeys.ReportTo);
        if (names.Count == 0)
        {
            return [];
        }

        var variables = new TrackerEnvironment(environment ?? Environment.GetEnvironmentVariable);
        TrackedRun run = describe();
        var trackers = new List<ITracker>();
        foreach (string name in names)
        {
            ITracker? tracker = name switch
            {
                "wandb" when variables.IsWandbDisabled(warn) => null,
                "wandb" => new WandbTracker(run with { Project = run.Project ?? variables.WandbProject }, variables.WandbFolder),
                "tensorboard" => new TensorBoardTracker(run, configuration.Get(TrackerKeys.LoggingDir) ?? variables.TensorBoardFolder),
                _ => new MlflowTracker(run, variables.MlflowStore, variables.MlflowExperiment),
            };
            if (tracker is not null)
            {
                trackers.Add(new GuardedTracker(tracker, warn));
            }
        }

        return trackers;
    }

    /// <summary>Checks the variables that the trackers of a configuration read, before a model is loaded.</summary>
    /// <exception cref="ArgumentException">One asks for what Graft does not do.</exception>
    public static void Check(RunConfiguration configuration) => Create(configuration, () => new TrackedRun { OutputDir = configuration.OutputDir }, _ => { });

    /// <summary>What to type to see what a tracker wrote.</summary>
    /// <param name="name">The tracker's name.</param>
    /// <param name="folder">Where it wrote.</param>
    public static string Hint(string name, string folder) => name switch
    {
        "wandb" => $"wandb: offline, nothing was sent; to send it: wandb sync {folder}",
        "tensorboard" => $"tensorboard: tensorboard --logdir {folder}",
        _ => $"mlflow: MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri {folder}",
    };

    private static string[] Read(ConfigNode node)
    {
        List<string> names = [];
        foreach (string name in ConfigTypes.Names.Read(node).Select(name => name.ToLowerInvariant()))
        {
            names.AddRange(name switch
            {
                None => [],
                All => Known,
                _ when Known.Contains(name) => [name],
                _ => throw new ArgumentException(
                    $"{node.Label}: '{name}' is no tracker that Graft writes files for{NearestName.Suggestion(name, Known)}; there are {string.Join(", ", Known)}, {All} and {None}"),
            });
        }

        return [.. names.Distinct(StringComparer.Ordinal)];
    }
}
