using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Graft.Formats;

namespace Graft.Conformance;

/// <summary>Kind <c>checkpoint-format</c>: files to be read bit by bit, and files to be refused quickly and in little memory.</summary>
public sealed unsafe class CheckpointFormatRunner : ICaseRunner
{
    // Generous next to the files (a few kB) and small next to what they claim (2 GiB and up); the first read also pays for JIT.
    private const long AllowedBytes = 32L << 20;
    private static readonly TimeSpan AllowedTime = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Kind => "checkpoint-format";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string format = @case.Root.GetProperty("format").GetString()!;
        Action<ConformanceCase, JsonElement, string> read = format switch
        {
            "safetensors" => ReadSafetensors,
            "folder" => ReadFolder,
            "torch" => ReadTorch,
            "gguf" => ReadGguf,
            "tokenizer.json" => ReadTokenizer,
            _ => throw new NotYetException($"{format} files"),
        };
        foreach (JsonElement file in @case.Root.GetProperty("files").EnumerateArray())
        {
            Try(@case, file, read);
        }

        if (format == "safetensors" && @case.Root.TryGetProperty("metadata", out JsonElement metadata))
        {
            CheckMetadata(@case, metadata);
        }

        if (@case.Has("marker"))
        {
            string marker = @case.Root.GetProperty("marker").GetString()!;
            Check.Equal($"{marker} exists", false, File.Exists(marker) || File.Exists(@case.Resolve(marker)));
        }
    }

    private static void Try(ConformanceCase @case, JsonElement file, Action<ConformanceCase, JsonElement, string> read)
    {
        string name = file.GetProperty("file").GetString()!;
        string path = @case.Resolve(name);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        switch (file.GetProperty("expect").GetString())
        {
            case "refuse":
                Check.Refuses(name, [], () => read(@case, file, path));
                break;
            case "either":
                Either(name, () => read(@case, file, path));
                break;
            default:
                read(@case, file, path);
                return;
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (allocated > AllowedBytes || clock.Elapsed > AllowedTime)
        {
            throw new MismatchException($"{name}: took {allocated} bytes and {clock.Elapsed.TotalSeconds:F1} s");
        }
    }

    /// <summary>Reading and refusing are both right; crashing is not.</summary>
    private static void Either(string name, Action read)
    {
        try
        {
            read();
        }
        catch (Exception e) when (e is not (MismatchException or NotYetException))
        {
            Check.Refuses(name, [], read);
        }
    }

    private static void ReadSafetensors(ConformanceCase @case, JsonElement file, string path)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(path);
        if (file.TryGetProperty("header_order", out JsonElement order))
        {
            Check.Equal<string>("names in header order", [.. order.EnumerateArray().Select(name => name.GetString()!)], opened.Tensors.Select(tensor => tensor.Name).ToList());
        }

        Compare(@case, opened.Path, opened.Tensors);
    }

    /// <summary>The case states metadata once, while its files differ in it: at least one of them must have exactly those strings.</summary>
    private static void CheckMetadata(ConformanceCase @case, JsonElement expected)
    {
        SortedDictionary<string, string> strings = new(StringComparer.Ordinal);
        if (expected.ValueKind != JsonValueKind.Null)
        {
            foreach (JsonProperty entry in expected.EnumerateObject())
            {
                strings.Add(entry.Name, entry.Value.GetString()!);
            }
        }

        foreach (JsonElement file in @case.Root.GetProperty("files").EnumerateArray())
        {
            using SafetensorsFile opened = SafetensorsFile.Open(@case.Resolve(file.GetProperty("file").GetString()!));
            if (opened.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal).SequenceEqual(strings))
            {
                return;
            }
        }

        throw new MismatchException($"metadata: no file has [{string.Join(", ", strings)}]");
    }

    private static void ReadFolder(ConformanceCase @case, JsonElement file, string path)
    {
        using CheckpointFolder opened = CheckpointFolder.OpenFile(path);
        Compare(@case, path, [.. opened.Tensors.Values]);
    }

    private static void ReadTorch(ConformanceCase @case, JsonElement file, string path)
    {
        using TorchFile opened = TorchFile.Open(path);
        if (@case.Has("tree"))
        {
            TorchTreeCheck.Compare("tree", @case.Root.GetProperty("tree"), string.Empty, opened.Root);
        }

        if (@case.Has("shared_storage"))
        {
            Check.Equal<string>(
                "groups of tensors that share a storage",
                Groups(@case.Root.GetProperty("shared_storage").EnumerateArray().Select(group => group.EnumerateArray().Select(name => name.GetString()!))),
                Groups(TorchTreeCheck.Tensors(opened.Root, string.Empty).Where(tensor => !tensor.Tensor.Shape.Contains(0)).GroupBy(tensor => tensor.Tensor.StorageKey, tensor => tensor.Name).Where(group => group.Count() > 1)));
        }

        Compare(@case, path, opened.Tensors);
    }

    private static List<string> Groups(IEnumerable<IEnumerable<string>> groups)
        => [.. groups.Select(group => string.Join(" = ", group.Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal)];

    private static void ReadGguf(ConformanceCase @case, JsonElement file, string path)
    {
        using GgufFile opened = GgufFile.Open(path);
        foreach (GgufTensor tensor in opened.Tensors)
        {
            Touch(new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteLength)));
        }

        if (@case.Has("tensors"))
        {
            Compare(@case, path, [.. opened.Tensors.Select(tensor => tensor.ToEntry())]);
        }
    }

    private static void ReadTokenizer(ConformanceCase @case, JsonElement file, string path)
        => throw new NotYetException("tokenizer.json");

    /// <summary>Names, dtypes, shapes and bytes equal those in the case's tensors; reads every byte even where nothing is expected.</summary>
    private static void Compare(ConformanceCase @case, string path, IReadOnlyList<TensorEntry> actual)
    {
        foreach (TensorEntry entry in actual)
        {
            Touch(new ReadOnlySpan<byte>(entry.Data, checked((int)entry.ByteLength)));
        }

        if (!@case.Has("tensors"))
        {
            return;
        }

        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        Check.Equal<string>(
            $"{path}: names",
            expected.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).ToList(),
            actual.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).ToList());
        foreach (TensorEntry entry in actual)
        {
            expected.TryGet(entry.Name, out TensorEntry? wanted);
            Check.Equal($"{path}: {entry.Name}: dtype", wanted!.DType, entry.DType);
            Check.Equal($"{path}: {entry.Name}: shape", wanted.Shape, entry.Shape);
            Check.Equal($"{path}: {entry.Name}: bytes", true, new ReadOnlySpan<byte>(wanted.Data, (int)wanted.ByteLength).SequenceEqual(new ReadOnlySpan<byte>(entry.Data, (int)entry.ByteLength)));
        }
    }

    // Sound headers over missing data would only show here, as a fault.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.NoOptimization)]
    private static byte Touch(ReadOnlySpan<byte> bytes)
    {
        byte all = 0;
        foreach (byte value in bytes)
        {
            all |= value;
        }

        return all;
    }
}
