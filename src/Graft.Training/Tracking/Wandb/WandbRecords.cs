namespace Graft.Training.Tracking;

/// <summary>First record of a file: which program wrote it, and which is the oldest that can read it.</summary>
/// <param name="Producer">Version of the writer.</param>
/// <param name="MinConsumer">Version of the oldest reader.</param>
public sealed record WandbHeader(string Producer, string MinConsumer) : WandbRecord
{
    /// <inheritdoc/>
    protected override int Field => 21;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Message(1, version =>
        {
            version.Text(1, Producer);
            version.Text(2, MinConsumer);
        });
    }
}

/// <summary>Second record of a file: the run.</summary>
/// <param name="RunId">Its id, unique in the project.</param>
public sealed record WandbRun(string RunId) : WandbRecord
{
    /// <summary>User or team that it belongs to; null: that of whoever synchronises it.</summary>
    public string? Entity { get; init; }

    /// <summary>The project.</summary>
    public string? Project { get; init; }

    /// <summary>Its settings.</summary>
    public WandbConfig? Config { get; init; }

    /// <summary>Its group.</summary>
    public string? RunGroup { get; init; }

    /// <summary>What kind of run it is.</summary>
    public string? JobType { get; init; }

    /// <summary>The name that is shown.</summary>
    public string? DisplayName { get; init; }

    /// <summary>Notes.</summary>
    public string? Notes { get; init; }

    /// <summary>Tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The machine.</summary>
    public string? Host { get; init; }

    /// <summary>Number of the first row of the history.</summary>
    public long StartingStep { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? StartTime { get; init; }

    /// <summary>Address of the repository that it was started in.</summary>
    public string? GitRemoteUrl { get; init; }

    /// <summary>The commit.</summary>
    public string? GitCommit { get; init; }

    /// <inheritdoc/>
    protected override int Field => 17;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Text(1, RunId);
        writer.Text(2, Entity);
        writer.Text(3, Project);
        if (Config is not null)
        {
            writer.Message(4, Config.Write);
        }

        writer.Text(6, RunGroup);
        writer.Text(7, JobType);
        writer.Text(8, DisplayName);
        writer.Text(9, Notes);
        writer.Texts(10, Tags);
        writer.Text(13, Host);
        writer.Integer(14, StartingStep);
        if (StartTime is { } time)
        {
            WriteTime(writer, 17, time);
        }

        if (GitRemoteUrl is not null || GitCommit is not null)
        {
            writer.Message(21, git =>
            {
                git.Text(1, GitRemoteUrl);
                git.Text(2, GitCommit);
            });
        }
    }
}

/// <summary>Settings that are set or removed.</summary>
/// <param name="Update">Those that are set.</param>
public sealed record WandbConfig(IReadOnlyList<WandbItem> Update) : WandbRecord
{
    /// <summary>Those that are removed.</summary>
    public IReadOnlyList<WandbItem> Remove { get; init; } = [];

    /// <inheritdoc/>
    protected override int Field => 5;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        WriteItems(writer, 1, Update);
        WriteItems(writer, 2, Remove);
    }
}

/// <summary>Values of the run's summary that are set or removed.</summary>
/// <param name="Update">Those that are set.</param>
public sealed record WandbSummary(IReadOnlyList<WandbItem> Update) : WandbRecord
{
    /// <summary>Those that are removed.</summary>
    public IReadOnlyList<WandbItem> Remove { get; init; } = [];

    /// <inheritdoc/>
    protected override int Field => 3;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        WriteItems(writer, 1, Update);
        WriteItems(writer, 2, Remove);
    }
}

/// <summary>A row of the history.</summary>
/// <param name="Items">Its values.</param>
/// <param name="Step">Its number.</param>
public sealed record WandbHistory(IReadOnlyList<WandbItem> Items, long Step) : WandbRecord
{
    /// <inheritdoc/>
    protected override int Field => 2;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        WriteItems(writer, 1, Items);
        writer.Message(2, step => step.Integer(1, Step));
    }
}

/// <summary>What a metric is drawn over.</summary>
public sealed record WandbMetric : WandbRecord
{
    /// <summary>The metric; null for a <see cref="GlobName"/>.</summary>
    public string? Name { get; init; }

    /// <summary>All metrics that fit a pattern.</summary>
    public string? GlobName { get; init; }

    /// <summary>The metric of the horizontal axis.</summary>
    public string? StepMetric { get; init; }

    /// <summary>Whether a row that lacks the step metric gets its last value.</summary>
    public bool StepSync { get; init; }

    /// <summary>Whether no chart is drawn by itself.</summary>
    public bool Hidden { get; init; }

    /// <summary>Whether the user has defined it, rather than a pattern.</summary>
    public bool Defined { get; init; }

    /// <inheritdoc/>
    protected override int Field => 12;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Text(1, Name);
        writer.Text(2, GlobName);
        writer.Text(4, StepMetric);
        if (StepSync || Hidden || Defined)
        {
            writer.Message(6, options =>
            {
                options.Boolean(1, StepSync);
                options.Boolean(2, Hidden);
                options.Boolean(3, Defined);
            });
        }
    }
}

/// <summary>Figures of the machine.</summary>
/// <param name="Time">When they were taken.</param>
/// <param name="Items">The figures.</param>
public sealed record WandbStats(DateTimeOffset Time, IReadOnlyList<WandbItem> Items) : WandbRecord
{
    /// <inheritdoc/>
    protected override int Field => 7;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        WriteTime(writer, 2, Time);
        WriteItems(writer, 3, Items);
    }
}

/// <summary>Last record of a file: how the run ended.</summary>
/// <param name="ExitCode">0 when all went well.</param>
/// <param name="Runtime">Whole seconds that it took.</param>
public sealed record WandbExit(int ExitCode, int Runtime) : WandbRecord
{
    /// <inheritdoc/>
    protected override int Field => 18;

    /// <inheritdoc/>
    protected internal override void Write(ProtobufWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Integer(1, ExitCode);
        writer.Integer(2, Runtime);
    }
}
