namespace Graft.Cli.Quickstart;

/// <summary>The model and the data that lie beside the tool.</summary>
internal static class QuickstartAssets
{
    /// <summary>The folder.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Assets", "quickstart");

    /// <summary>The run.</summary>
    public static string Configuration => Path.Combine(Folder, "quickstart.yaml");

    /// <summary>The maxims that are learnt.</summary>
    public static string TrainingFile => Path.Combine(Folder, "maxims", "train.jsonl");
}
