using System.Diagnostics;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Bench;

/// <summary>A model folder of random weights, as large as the real model's, for the time of a benchmark.</summary>
/// <remarks>
/// So that a benchmark loads what a user loads: weights that lie in a memory map. They are made and written piece by piece, and are a
/// function of seed and name alone, so every run measures the same numbers.
/// </remarks>
internal sealed class RandomModelFolder : IDisposable
{
    // What a disk needs besides for the rest of the system to go on.
    private const long SpareBytes = 1L << 30;
    private const ulong Seed = 42;

    private readonly string _created;
    private readonly bool _keep;

    private RandomModelFolder(string created, string path, bool keep)
    {
        _created = created;
        _keep = keep;
        Path = path;
    }

    /// <summary>The model folder.</summary>
    public string Path { get; }

    /// <summary>Bytes of its weights.</summary>
    public long WeightBytes { get; private set; }

    /// <summary>How long writing took.</summary>
    public double Seconds { get; private set; }

    /// <summary>Writes the folder.</summary>
    /// <param name="shape">The model.</param>
    /// <param name="dtype">How the weights are stored.</param>
    /// <param name="parent">Where to put the folder; created when missing. Null for the system's folder of temporary files.</param>
    /// <param name="keep">Whether the folder stays when this is disposed of.</param>
    /// <param name="cancellationToken">Stops between two pieces of a weight, and removes what was written.</param>
    /// <exception cref="IOException">The disk has too little space, or writing failed.</exception>
    public static RandomModelFolder Write(ModelShape shape, DType dtype, string? parent, bool keep, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        ModelFamily family = ModelFamilies.Of(ConfigReader.Parse(shape.Config, $"the config.json of {shape.Name}"), out ModelConfig config);
        var list = new WeightList(dtype);
        family.Create(config, list).Dispose();
        var random = new RandomWeights(Seed, config.InitializerRange, dtype);
        TensorSource[] tensors = [.. list.Weights.Select(weight => random.ToWrite(weight.Name, weight.Role, weight.Shape, cancellationToken))];
        long bytes = tensors.Sum(tensor => tensor.ByteLength);

        string place = System.IO.Path.GetFullPath(parent ?? System.IO.Path.GetTempPath());
        RequireSpace(place, shape.Name, bytes);
        string created = Directory.CreateDirectory(System.IO.Path.Combine(place, $"graft-bench-{Environment.ProcessId}")).FullName;
        var folder = new RandomModelFolder(created, Directory.CreateDirectory(System.IO.Path.Combine(created, shape.Name)).FullName, keep) { WeightBytes = bytes };
        try
        {
            AtomicFile.WriteAllText(System.IO.Path.Combine(folder.Path, "config.json"), shape.Config);
            CheckpointWriter.Write(folder.Path, tensors);
            folder.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return folder;
        }
        catch
        {
            Directory.Delete(created, recursive: true);
            throw;
        }
    }

    /// <summary>Deletes the folder, unless it is to be kept.</summary>
    public void Dispose()
    {
        if (!_keep && Directory.Exists(_created))
        {
            Directory.Delete(_created, recursive: true);
        }
    }

    private static void RequireSpace(string place, string name, long bytes)
    {
        Directory.CreateDirectory(place);
        long free = new DriveInfo(place).AvailableFreeSpace;
        if (free < bytes + SpareBytes)
        {
            throw new IOException(
                $"'{place}' has {free / 1e9:F1} GB free, but the weights of {name} take {bytes / 1e9:F1} GB and the system needs some room. Free some space, or name a folder on another disk with --folder.");
        }
    }

    /// <summary>Writes down what a model asks for and gives it weights without values, so that its size is known before anything is made.</summary>
    private sealed class WeightList(DType dtype) : WeightSource
    {
        private readonly List<(string Name, WeightRole Role, int[] Shape)> _weights = [];

        public IReadOnlyList<(string Name, WeightRole Role, int[] Shape)> Weights => _weights;

        public override bool Has(string name) => false;

        public override bool AreEqual(string first, string second) => false;

        public override Parameter Take(string name, WeightRole role, int[] shape)
        {
            _weights.Add((name, role, shape));
            return new Parameter(name, shape, dtype, 0, owner: null);
        }

        public override void Finish()
        {
        }
    }
}
