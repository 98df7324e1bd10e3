namespace Graft.Models.Tests.Streaming;

/// <summary>What files may take of memory, read from made-up control groups.</summary>
public sealed class AvailableMemoryTests : IDisposable
{
    private const long Gib = 1L << 30;

    private readonly string _root = Directory.CreateTempSubdirectory("graft-memory-").FullName;

    [SkippableFact]
    public void Version_2_the_smallest_limit_above_the_group_counts()
    {
        Write("proc/self/cgroup", "0::/jobs/a/b\n");
        Write("sys/fs/cgroup/jobs/a/b/memory.max", "max\n");
        Write("sys/fs/cgroup/jobs/a/memory.max", $"{6 * Gib}\n");
        Write("sys/fs/cgroup/jobs/memory.max", $"{9 * Gib}\n");
        Assert.Equal(6 * Gib, new AvailableMemory(_root).Limit());
    }

    [SkippableFact]
    public void Version_1_has_a_hierarchy_for_memory()
    {
        Write("proc/self/cgroup", "9:cpu:/x\n4:memory:/x/y\n0::/\n");
        Write("sys/fs/cgroup/memory/x/y/memory.limit_in_bytes", $"{2 * Gib}\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        Assert.Equal(2 * Gib, new AvailableMemory(_root).Limit());
    }

    [SkippableFact]
    public void In_a_container_the_group_is_the_root_whatever_its_path()
    {
        Write("proc/self/cgroup", "0::/docker/123\n");
        Write("sys/fs/cgroup/memory.max", $"{Gib}\n");
        Assert.Equal(Gib, new AvailableMemory(_root).Limit());
    }

    [SkippableFact]
    public void Without_a_limit_there_is_none()
    {
        Assert.Equal(long.MaxValue, new AvailableMemory(_root).Limit());
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/memory.max", "max\n");
        Assert.Equal(long.MaxValue, new AvailableMemory(_root).Limit());
    }

    [SkippableFact]
    public void Files_get_most_of_what_private_memory_leaves_of_the_limit_or_of_the_machine()
    {
        Write("proc/self/cgroup", "0::/\n");
        Write("sys/fs/cgroup/memory.max", $"{6 * Gib}\n");
        Write("proc/meminfo", $"MemTotal:       {20 * Gib / 1024} kB\nMemAvailable:   {16 * Gib / 1024} kB\n");
        long page = Environment.SystemPageSize;
        Write("proc/self/statm", $"{90 * Gib / page} {3 * Gib / page} {1 * Gib / page} 5 0 7 0\n");
        Assert.Equal(3 * Gib, new AvailableMemory(_root).ForFiles());

        Write("proc/meminfo", $"MemAvailable:   {2 * Gib / 1024} kB\n");
        Assert.Equal(3 * Gib / 2, new AvailableMemory(_root).ForFiles());

        Write("sys/fs/cgroup/memory.max", $"{Gib}\n");
        Assert.Equal(0, new AvailableMemory(_root).ForFiles());
    }

    [Fact]
    public void This_machine_has_some() => Assert.InRange(new AvailableMemory().ForFiles(), 1, long.MaxValue);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private void Write(string path, string text)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "control groups are Linux's");
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
