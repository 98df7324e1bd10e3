using Graft.Tensors.Threading;

namespace Graft.Tensors.Tests;

public unsafe class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_part_runs_once(int workers)
    {
        using var pool = new WorkerPool(workers);
        foreach (int parts in new[] { 0, 1, 2, 3, 7, 8, 9, 1000 })
        {
            for (int repetition = 0; repetition < 20; repetition++)
            {
                var counts = new int[parts + 1];
                fixed (int* data = counts)
                {
                    var job = new CountJob { Counts = data };
                    pool.Run(parts, ref job);
                }

                Assert.All(counts[..parts], c => Assert.Equal(1, c));
                Assert.Equal(0, counts[parts]);
            }
        }
    }

    [Fact]
    public void Work_is_shared_out()
    {
        using var pool = new WorkerPool(3);
        var threads = new int[30];
        fixed (int* data = threads)
        {
            var job = new ThreadJob { Threads = data };
            pool.Run(30, ref job);
        }

        Assert.Equal(3, threads.Distinct().Count());
        Assert.Contains(Environment.CurrentManagedThreadId, threads);
    }

    [Fact]
    public void A_worker_that_is_held_up_does_less()
    {
        using var pool = new WorkerPool(2);
        var threads = new int[40];
        fixed (int* data = threads)
        {
            var job = new HeldUpJob { Threads = data, Caller = Environment.CurrentManagedThreadId };
            pool.Run(40, ref job);
        }

        Assert.InRange(threads.Count(t => t == Environment.CurrentManagedThreadId), 1, 10);
    }

    [Fact]
    public void Sleeping_workers_wake_up()
    {
        using var pool = new WorkerPool(2);
        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(2);
            var counts = new int[2];
            fixed (int* data = counts)
            {
                var job = new CountJob { Counts = data };
                pool.Run(2, ref job);
            }

            Assert.Equal([1, 1], counts);
        }
    }

    [Fact]
    public void A_job_inside_a_job_runs_to_its_end()
    {
        var counts = new int[64];
        using var pool = new WorkerPool(3);
        fixed (int* data = counts)
        {
            var job = new NestedJob { Pool = pool, Counts = data };
            pool.Run(8, ref job);
        }

        Assert.All(counts, c => Assert.Equal(1, c));
    }

    [Fact]
    public void Jobs_of_several_threads_do_not_mix()
    {
        using var pool = new WorkerPool(2);
        int failures = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                var counts = new int[16];
                fixed (int* data = counts)
                {
                    var job = new CountJob { Counts = data };
                    pool.Run(16, ref job);
                }

                if (counts.Any(c => c != 1))
                {
                    Interlocked.Increment(ref failures);
                }
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Assert.Equal(0, failures);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void What_a_part_throws_reaches_the_caller(int thrower)
    {
        using var pool = new WorkerPool(2);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() =>
        {
            var job = new ThrowingJob { Thrower = thrower };
            pool.Run(10, ref job);
        });
        Assert.Equal($"part {thrower}", e.Message);
        var counts = new int[10];
        fixed (int* data = counts)
        {
            var job = new CountJob { Counts = data };
            pool.Run(10, ref job);
        }

        Assert.All(counts, c => Assert.Equal(1, c));
    }

    [Fact]
    public void A_dispatch_allocates_nothing()
    {
        using var pool = new WorkerPool(2);
        int* counts = stackalloc int[4];
        var job = new CountJob { Counts = counts };
        pool.Run(4, ref job);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            pool.Run(4, ref job);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private struct CountJob : IParallelJob
    {
        public int* Counts;

        public readonly void Execute(int part) => Interlocked.Increment(ref Counts[part]);
    }

    private struct ThreadJob : IParallelJob
    {
        public int* Threads;

        public readonly void Execute(int part)
        {
            Threads[part] = Environment.CurrentManagedThreadId;
            Thread.Sleep(1);
        }
    }

    private struct HeldUpJob : IParallelJob
    {
        public int* Threads;
        public int Caller;

        public readonly void Execute(int part)
        {
            Threads[part] = Environment.CurrentManagedThreadId;
            Thread.Sleep(Threads[part] == Caller ? 100 : 1);
        }
    }

    private struct NestedJob : IParallelJob
    {
        public WorkerPool Pool;
        public int* Counts;

        public readonly void Execute(int part)
        {
            var inner = new CountJob { Counts = Counts + (part * 8) };
            Pool.Run(8, ref inner);
        }
    }

    private struct ThrowingJob : IParallelJob
    {
        public int Thrower;

        public readonly void Execute(int part)
        {
            if (part == Thrower)
            {
                throw new InvalidOperationException($"part {part}");
            }
        }
    }
}
