using System.Text;
using System.Text.Json;
using Graft.Formats;
using Graft.Peft;
using Graft.Training.Schedules;

namespace Graft.Training;

/// <summary>A <c>checkpoint-N</c> folder: complete or invisible (design D9).</summary>
/// <remarks>
/// Everything is written into <c>checkpoint-N.incomplete</c>, flushed, and renamed. A kill at any moment leaves either the whole folder or
/// none; what is left of an incomplete one is removed by the next save.
/// </remarks>
internal static class TrainingCheckpoint
{
    public const string Prefix = "checkpoint-";
    public const string RunFileName = "graft_run.json";
    public const string StateFileName = "trainer_state.json";
    private const string Incomplete = ".incomplete";

    public static string FolderOf(string outputDir, int step) => Path.Combine(outputDir, $"{Prefix}{step}");

    /// <summary>Complete checkpoints of a run, oldest first by number.</summary>
    public static IReadOnlyList<(int Step, string Folder)> List(string outputDir)
    {
        if (!Directory.Exists(outputDir))
        {
            return [];
        }

        var found = new List<(int Step, string Folder)>();
        foreach (string folder in Directory.EnumerateDirectories(outputDir, $"{Prefix}*"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan())[Prefix.Length..], out int step) && File.Exists(Path.Combine(folder, StateFileName)))
            {
                found.Add((step, folder));
            }
        }

        return [.. found.OrderBy(checkpoint => checkpoint.Step)];
    }

    public static string Save(string outputDir, PeftModel model, ParameterUpdate update, LearningRateSchedule schedule, TrainerState state, RunFingerprint fingerprint, Action<string>? saveTokenizer)
    {
        string target = FolderOf(outputDir, state.GlobalStep);
        string folder = target + Incomplete;
        Directory.CreateDirectory(outputDir);
        Remove(folder);
        Directory.CreateDirectory(folder);
        try
        {
            if (model.AdapterNames.Count > 0)
            {
                model.SaveAdapter(folder);
            }
            else
            {
                model.SaveModel(folder);
            }

            saveTokenizer?.Invoke(folder);
            OptimizerFile.Save(folder, update);
            AtomicFile.WriteAllText(Path.Combine(folder, RunFileName), RunJson(schedule, fingerprint));
            AtomicFile.WriteAllText(Path.Combine(folder, StateFileName), state.ToJson());
            Remove(target);
            Directory.Move(folder, target);
        }
        catch
        {
            Remove(folder);
            throw;
        }

        return target;
    }

    /// <summary>Restores values, moments and schedule; returns the state.</summary>
    public static TrainerState Load(string folder, ParameterUpdate update, LearningRateSchedule schedule, RunFingerprint fingerprint)
    {
        string runPath = Path.Combine(folder, RunFileName);
        if (!File.Exists(runPath))
        {
            throw new FileNotFoundException($"{folder} cannot be resumed: {RunFileName} is missing. A checkpoint of another tool has no state that Graft can go on from; load its adapter instead", runPath);
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(runPath));
            string[] differences = [.. fingerprint.DifferencesFrom(RunFingerprint.Read(document.RootElement))];
            if (differences.Length > 0)
            {
                throw new InvalidDataException($"{folder} belongs to another run:\n  {string.Join("\n  ", differences)}\nUse the same settings, or start anew in another output folder");
            }

            if (schedule is MetricSchedule metric)
            {
                metric.Restore([.. document.RootElement.GetProperty("schedule").EnumerateArray().Select(e => BitConverter.Int64BitsToDouble(e.GetInt64()))]);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{runPath} is damaged: {e.Message}", e);
        }

        OptimizerFile.Load(folder, update);
        return TrainerState.Load(Path.Combine(folder, StateFileName));
    }

    /// <summary>Deletes old checkpoints: the newest and the best stay, as the Trainer has it.</summary>
    public static void Rotate(string outputDir, int? saveTotalLimit, string? best)
    {
        if (saveTotalLimit is not int limit)
        {
            return;
        }

        List<string> folders = [.. List(outputDir).Select(checkpoint => checkpoint.Folder)];
        int bestIndex = best is null ? -1 : folders.FindIndex(folder => Path.GetFileName(folder) == Path.GetFileName(best));
        if (bestIndex >= 0)
        {
            for (int i = bestIndex; i < folders.Count - 2; i++)
            {
                (folders[i], folders[i + 1]) = (folders[i + 1], folders[i]);
            }

            if (limit == 1 && bestIndex != folders.Count - 1)
            {
                limit = 2;
            }
        }

        foreach (string folder in folders.Take(Math.Max(0, folders.Count - limit)))
        {
            Remove(folder);
        }
    }

    /// <summary>Removes a folder; it stops being a checkpoint at once, before its files go.</summary>
    public static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        string doomed = folder + ".removed";
        if (Directory.Exists(doomed))
        {
            Directory.Delete(doomed, recursive: true);
        }

        Directory.Move(folder, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    private static string RunJson(LearningRateSchedule schedule, RunFingerprint fingerprint)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", 1);
            fingerprint.Write(writer);
            writer.WriteStartArray("schedule");
            if (schedule is MetricSchedule metric)
            {
                foreach (double number in metric.Save())
                {
                    writer.WriteNumberValue(BitConverter.DoubleToInt64Bits(number));
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }
}
