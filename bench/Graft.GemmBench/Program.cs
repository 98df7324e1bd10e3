using Graft.Cli.Bench;
using Graft.Tensors.Kernels;
using Graft.Tensors.Threading;

// Usage: dotnet run -c Release --project bench/Graft.GemmBench [-- [train] [lora] [memory] [--threads 1,2] [--rounds 7] [--filter TEXT]]
string Option(string name, string fallback)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : fallback;
}

int[] threadCounts = [.. Option("--threads", $"1,{Environment.ProcessorCount}").Split(',').Select(int.Parse).Distinct()];
int rounds = int.Parse(Option("--rounds", "25"));
string filter = Option("--filter", "");
bool all = !args.Any(a => a is "train" or "lora" or "memory");

using OpenBlas? openBlas = OpenBlas.TryLoad();
Console.WriteLine($"instruction set: {InstructionSet.Current}; CPU has {string.Join(' ', MachinePeak.Flags().Where(f => f.Value).Select(f => f.Key))}");
Console.WriteLine(openBlas == null ? "OpenBLAS: not installed, nothing to compare with" : $"OpenBLAS: {openBlas.Description}");

foreach (int threads in threadCounts)
{
    WorkerPool.Resize(threads);
    if (all || args.Contains("train"))
    {
        Products("training shapes", GemmShape.Training());
    }

    if (all || args.Contains("lora"))
    {
        Products("LoRA factors", GemmShape.Lora());
    }

    if (all || args.Contains("memory"))
    {
        foreach (int m in new[] { 1, 4, 8 })
        {
            BandwidthResult r = MemoryBandwidth.Measure(1L << 30, m, rounds: 5);
            Console.WriteLine(
                $"1 GB of bf16 weights, {r.Threads} thread(s), m = {m}: memory {r.Read / 1e9:F1} GB/s; "
                + $"[out, in] {r.Rows / 1e9:F1} ({r.Rows / r.Read:P0}); [in, out] {r.Columns / 1e9:F1} ({r.Columns / r.Read:P0})");
        }
    }
}

void Products(string title, IEnumerable<GemmShape> shapes)
{
    Console.WriteLine();
    Console.WriteLine($"{title}, {WorkerPool.Shared.WorkerCount} thread(s)");
    Console.WriteLine($"{"product",-22} {"",-2} {"m",5} {"n",6} {"k",5} {"GFLOP/s",8} {"of peak",7} {"bf16/fp32 time",14} {"OpenBLAS",8} {"ratio",6}");
    var results = new List<GemmResult>();
    foreach (GemmResult r in GemmBenchmark.Run(shapes.Where(s => $"{s.Group} {s.Layout} {s.M}".Contains(filter, StringComparison.Ordinal)), rounds, openBlas))
    {
        results.Add(r);
        GemmShape s = r.Shape;
        Console.WriteLine(
            $"{s.Group,-22} {s.Layout,-2} {s.M,5} {s.N,6} {s.K,5} {r.Single / 1e9,8:F1} {r.Single / r.Peak,7:P0} "
            + $"{r.Single / r.BFloat16,14:F2} {r.OpenBlas / 1e9,8:F1} {r.Single / r.OpenBlas,6:F2}");
    }

    if (results.Count > 0)
    {
        Console.WriteLine($"microkernel peak {results.Min(r => r.Peak) / 1e9:F0} to {results.Max(r => r.Peak) / 1e9:F0} GFLOP/s");
    }

    foreach (IGrouping<GemmLayout, GemmResult> layout in results.GroupBy(r => r.Shape.Layout))
    {
        Mean(layout.Key.ToString(), [.. layout]);
    }

    Mean("all", results);
}

void Mean(string name, List<GemmResult> results) => Console.WriteLine(
    $"geometric mean {name,-4} of peak {GemmBenchmark.GeometricMean(results.Select(r => r.Single / r.Peak)):P0}; "
    + $"bf16/fp32 time {GemmBenchmark.GeometricMean(results.Where(r => r.BFloat16 > 0).Select(r => r.Single / r.BFloat16!.Value)):F3}; "
    + $"ratio to OpenBLAS {GemmBenchmark.GeometricMean(results.Where(r => r.OpenBlas > 0).Select(r => r.Single / r.OpenBlas!.Value)):F2}");
