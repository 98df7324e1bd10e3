using System.Text.Json;
using Graft.Formats;
using Graft.Peft;

namespace Graft.Training.Tracking;

/// <summary><c>trackers.json</c> in a run's folder: where each tracker wrote, so that a resumed run goes on there.</summary>
public static class TrackerState
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "trackers.json";

    /// <summary>What a tracker has noted; null when it has noted nothing, or the file cannot be read.</summary>
    /// <param name="outputDir">The run's folder.</param>
    /// <param name="tracker">The tracker's name.</param>
    internal static IReadOnlyDictionary<string, string>? Load(string outputDir, string tracker) => Read(outputDir).GetValueOrDefault(tracker);

    /// <summary>Notes something, beside what the other trackers have noted.</summary>
    /// <param name="outputDir">The run's folder; created when missing.</param>
    /// <param name="tracker">The tracker's name.</param>
    /// <param name="notes">What to note.</param>
    internal static void Save(string outputDir, string tracker, IReadOnlyDictionary<string, string> notes)
    {
        Directory.CreateDirectory(outputDir);
        Dictionary<string, IReadOnlyDictionary<string, string>> all = Read(outputDir);
        all[tracker] = notes;
        IEnumerable<KeyValuePair<string, object?>> json = all.Select(pair => KeyValuePair.Create(pair.Key, (object?)pair.Value.Select(note => KeyValuePair.Create(note.Key, (object?)note.Value))));
        AtomicFile.WriteAllText(Path.Combine(outputDir, FileName), PythonJson.Write(json) + "\n");
    }

    private static Dictionary<string, IReadOnlyDictionary<string, string>> Read(string outputDir)
    {
        string path = Path.Combine(outputDir, FileName);
        if (!File.Exists(path))
        {
            return new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.EnumerateObject().ToDictionary(
                tracker => tracker.Name,
                tracker => (IReadOnlyDictionary<string, string>)tracker.Value.EnumerateObject().ToDictionary(note => note.Name, note => note.Value.GetString() ?? string.Empty, StringComparer.Ordinal),
                StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path} is damaged ({e.Message}): remove it, and the trackers begin new runs", e);
        }
    }
}
