using Graft.Cli.Configuration;
using Graft.Cli.Folders;

namespace Graft.Cli.Inspection;

/// <summary>Finds out what a path is, and inspects it as that.</summary>
internal static class Inspector
{
    private static readonly string[] TorchExtensions = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];
    private static readonly string[] FilesOfFolders = ["config.json", "adapter_config.json", "trainer_state.json", "graft_run.json"];

    /// <summary>Inspects a file or folder.</summary>
    /// <param name="path">The path.</param>
    /// <param name="options">What else to look at.</param>
    /// <exception cref="FileNotFoundException">There is nothing.</exception>
    public static InspectionReport Inspect(string path, InspectionOptions options)
    {
        var report = new InspectionReport(path);
        if (Directory.Exists(path))
        {
            InspectFolder(report, path, options);
        }
        else if (!File.Exists(path))
        {
            throw new FileNotFoundException($"there is neither a file nor a folder {path}", path);
        }
        else if (FilesOfFolders.Contains(Path.GetFileName(path)))
        {
            InspectFolder(report, Path.GetDirectoryName(Path.GetFullPath(path))!, options);
        }
        else
        {
            InspectFile(report, path, options);
        }

        return report;
    }

    private static void InspectFolder(InspectionReport report, string folder, InspectionOptions options)
    {
        bool isCheckpoint = File.Exists(Path.Combine(folder, "trainer_state.json"));
        bool isRun = File.Exists(Path.Combine(folder, RunConfiguration.FileName)) || RunFolder.Checkpoints(folder).Any();
        if (File.Exists(Path.Combine(folder, "adapter_config.json")))
        {
            AdapterInspector.Inspect(report, folder, options);
        }
        else if (ModelInspector.IsModel(folder))
        {
            ModelInspector.Inspect(report, folder, options);
        }
        else if (!isCheckpoint && !isRun)
        {
            InspectOtherFolder(report, folder);
        }

        if (isRun)
        {
            CheckpointInspector.InspectRun(report, folder);
        }
        else if (isCheckpoint)
        {
            CheckpointInspector.Inspect(report, folder);
        }
    }

    private static void InspectOtherFolder(InspectionReport report, string folder)
    {
        if (TokenizerFiles.AreIn(folder))
        {
            TokenizerInspector.Inspect(report, folder);
            return;
        }

        string[] named = [.. Directory.EnumerateDirectories(folder).Where(child => File.Exists(Path.Combine(child, "adapter_config.json"))).Select(child => Path.GetFileName(child)).Order(StringComparer.Ordinal)];
        string[] files = [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        report.Kind = named.Length > 0 ? "folder of named adapters" : "folder";
        report.Problem(named.Length > 0
            ? $"adapters are in the folders {string.Join(", ", named)}: inspect one of them"
            : $"neither a model (config.json), an adapter (adapter_config.json), a run (checkpoint-N) nor a tokenizer (tokenizer.json); "
                + (files.Length == 0 ? "it holds no files" : $"it holds {string.Join(", ", files.Take(8))}{(files.Length > 8 ? $" and {files.Length - 8} more" : string.Empty)}"));
    }

    private static void InspectFile(InspectionReport report, string path, InspectionOptions options)
    {
        string name = Path.GetFileName(path);
        Span<byte> head = stackalloc byte[16];
        head = head[..ReadHead(path, head)];
        if (head.StartsWith("GGUF"u8) || name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
        {
            GgufInspector.Inspect(report, path);
        }
        else if (name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".index.json", StringComparison.Ordinal))
        {
            TensorInspector.Inspect(report, path, name.EndsWith(".index.json", StringComparison.Ordinal) ? "index of weight files" : "safetensors file", options);
        }
        else if (TorchExtensions.Contains(Path.GetExtension(name).ToLowerInvariant()) || head.StartsWith("PK"u8) || head is [0x80, 0x02, ..])
        {
            TensorInspector.Inspect(report, path, "torch file", options);
        }
        else if (name == "tokenizer.json" || (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && TokenizerInspector.LooksLikeOne(path)))
        {
            TokenizerInspector.Inspect(report, path);
        }
        else
        {
            DataSetInspector.Inspect(report, path);
        }
    }

    private static int ReadHead(string path, Span<byte> head)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
        return stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
    }
}
