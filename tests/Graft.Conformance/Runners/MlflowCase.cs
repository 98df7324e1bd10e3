using System.Globalization;
using System.Text.Json;
using Graft.Training.Tracking;
using YamlDotNet.RepresentationModel;

namespace Graft.Conformance.Runners;

/// <summary>MLflow's file store: Graft writes the same experiments and the same run, and the files are the same, byte for byte, but for where the store lies.</summary>
internal static class MlflowCase
{
    private const string Meta = "meta.yaml";

    /// <summary>Compares every file.</summary>
    public static void Run(ConformanceCase @case)
    {
        var files = @case.Root.GetProperty("files").EnumerateObject().ToDictionary(file => file.Name, file => file.Value.GetString()!, StringComparer.Ordinal);
        foreach ((string name, string text) in files)
        {
            Check.Equal($"{name} on disk", text, File.ReadAllText(@case.Resolve(name)));
        }

        string folder = Directory.CreateTempSubdirectory("graft-mlflow-").FullName;
        try
        {
            string store = Path.Combine(folder, "mlruns");
            Write(files, store, @case.Root.GetProperty("experiment_id").GetString()!, @case.Root.GetProperty("run_id").GetString()!);
            var written = Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).ToDictionary(
                path => Path.GetRelativePath(folder, path).Replace('\\', '/'), path => File.ReadAllText(path).Replace(new Uri(folder).AbsoluteUri, "file:///runs", StringComparison.Ordinal), StringComparer.Ordinal);
            Check.Equal("files", (IReadOnlyList<string>)[.. files.Keys.Order(StringComparer.Ordinal)], [.. written.Keys.Order(StringComparer.Ordinal)]);
            foreach ((string name, string text) in files)
            {
                Check.Equal(name, text, written[name]);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Write(Dictionary<string, string> files, string store, string experimentId, string runId)
    {
        var experiments = new Dictionary<string, MlflowExperiment>(StringComparer.Ordinal);
        foreach ((string name, string text) in files.Where(file => file.Key.Split('/') is [_, _, Meta]))
        {
            YamlMappingNode meta = Yaml(text);
            string id = Scalar(meta, "experiment_id")!;
            experiments[id] = MlflowExperiment.Create(store, id, Scalar(meta, "name")!, long.Parse(Scalar(meta, "creation_time")!, CultureInfo.InvariantCulture));
        }

        string prefix = $"mlruns/{experimentId}/{runId}/";
        YamlMappingNode run = Yaml(files[prefix + Meta]);
        MlflowRun written = MlflowRun.Start(
            experiments[experimentId], runId, Scalar(run, "run_name") ?? string.Empty, Scalar(run, "user_id") ?? string.Empty, long.Parse(Scalar(run, "start_time")!, CultureInfo.InvariantCulture));
        foreach ((string name, string text) in files.Where(file => file.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string[] parts = name[prefix.Length..].Split('/', 2);
            switch (parts[0])
            {
                case "metrics": WriteMetric(written, parts[1], text); break;
                case "params": written.LogParameter(parts[1], text); break;
                case "tags": written.SetTag(parts[1], text); break;
            }
        }

        if (Scalar(run, "end_time") is { } ended)
        {
            written.End((MlflowStatus)int.Parse(Scalar(run, "status")!, CultureInfo.InvariantCulture), long.Parse(ended, CultureInfo.InvariantCulture));
        }
    }

    private static void WriteMetric(MlflowRun run, string name, string lines)
    {
        foreach (string[] parts in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')))
        {
            double value = parts[1] switch
            {
                "nan" => double.NaN,
                "inf" => double.PositiveInfinity,
                "-inf" => double.NegativeInfinity,
                var number => double.Parse(number, CultureInfo.InvariantCulture),
            };
            run.LogMetric(name, value, long.Parse(parts[2], CultureInfo.InvariantCulture), long.Parse(parts[0], CultureInfo.InvariantCulture));
        }
    }

    private static YamlMappingNode Yaml(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    private static string? Scalar(YamlMappingNode node, string key)
        => node.Children[key] is YamlScalarNode { Value: var text, Style: var style } && (text != "null" || style != YamlDotNet.Core.ScalarStyle.Plain) ? text : null;
}
