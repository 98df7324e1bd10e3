using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Graft.Tensors.Threading;

/// <summary>A few threads that share out the parts of a job: each takes the next one when it is done with its last.</summary>
/// <remarks>
/// What the parts are does not depend on the workers, and who runs which part decides nothing but the time: a worker that other programs
/// hold up, or a slower core, does less. The caller is one of the workers, and waits for none that has not begun. Idle workers spin for
/// some microseconds, then sleep. A dispatch allocates nothing. A job that is started while another one runs (from inside a job, or from
/// another thread) runs on its own thread alone, with the same result.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    /// <summary>Looks at what is awaited before a worker sleeps: about half a millisecond. The pauses between are the shortest: a step of decoding waits some hundred times.</summary>
    private const int SpinIterations = 16000;

    /// <summary>A worker takes this fraction of its even share of what is left: many parts at a time at first, single ones at the end, so that all end together.</summary>
    private const int ClaimsPerWorker = 16;

    private static WorkerPool _shared = new(DefaultWorkerCount());

    private readonly Worker[] _workers;
    private readonly Lock _gate = new();
    private delegate*<void*, int, void> _execute;
    private void* _job;
    private int _parts;
    private volatile int _generation;
    private volatile bool _open;
    private volatile bool _stopping;
    private Claims _claims;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts <paramref name="workerCount"/> - 1 threads; the caller of <see cref="Run"/> is the last worker.</summary>
    /// <param name="workerCount">Number of workers, at least 1.</param>
    public WorkerPool(int workerCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workerCount, 1);
        WorkerCount = workerCount;
        _workers = new Worker[workerCount - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Worker(this, i + 1);
        }
    }

    /// <summary>The pool that all kernels use. Its size is GRAFT_THREADS where that is set, else the number of processors.</summary>
    public static WorkerPool Shared => _shared;

    /// <summary>Number of workers, the caller included.</summary>
    public int WorkerCount { get; }

    /// <summary>Replaces the shared pool by one of another size. No kernel may be running.</summary>
    /// <param name="workerCount">Number of workers, at least 1.</param>
    public static void Resize(int workerCount)
    {
        if (workerCount != _shared.WorkerCount)
        {
            WorkerPool old = _shared;
            _shared = new WorkerPool(workerCount);
            old.Dispose();
        }
    }

    /// <summary>Runs all parts of <paramref name="job"/> and returns when the last one has ended.</summary>
    /// <typeparam name="TJob">The job's struct.</typeparam>
    /// <param name="parts">How many parts there are.</param>
    /// <param name="job">The job; read by all workers at once.</param>
    public void Run<TJob>(int parts, ref TJob job)
        where TJob : struct, IParallelJob
    {
        if (parts <= 1 || _workers.Length == 0 || !_gate.TryEnter())
        {
            RunInline(parts, ref job);
            return;
        }

        if (_open)
        {
            // The gate is re-entrant for its own thread: this is a job started from inside a job.
            _gate.Exit();
            RunInline(parts, ref job);
            return;
        }

        try
        {
            _execute = &ExecutePart<TJob>;
            _job = Unsafe.AsPointer(ref job);
            _parts = parts;
            _failure = null;
            _claims.Next = 0;
            _open = true;
            Interlocked.Increment(ref _generation);
            int sleepers = Math.Min(_workers.Length, parts - 1);
            for (int i = 0; i < sleepers; i++)
            {
                _workers[i].Wake();
            }

            RunShare();
            Close();
            _failure?.Throw();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>How many parts a worker takes.</summary>
    /// <param name="left">Parts that nobody has taken; at least 1.</param>
    /// <param name="workers">Number of workers.</param>
    internal static int PartsAtOnce(int left, int workers) => Math.Max(1, left / (workers * ClaimsPerWorker));

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        Interlocked.Increment(ref _generation);
        foreach (Worker worker in _workers)
        {
            worker.Wake();
        }
    }

    private static int DefaultWorkerCount()
        => int.TryParse(Environment.GetEnvironmentVariable("GRAFT_THREADS"), out int count) && count > 0
            ? count
            : Environment.ProcessorCount;

    private static void RunInline<TJob>(int parts, ref TJob job)
        where TJob : struct, IParallelJob
    {
        for (int part = 0; part < parts; part++)
        {
            job.Execute(part);
        }
    }

    private static void ExecutePart<TJob>(void* job, int part)
        where TJob : struct, IParallelJob
        => Unsafe.AsRef<TJob>(job).Execute(part);

    /// <summary>Claims parts until none is left.</summary>
    private void RunShare()
    {
        try
        {
            while (true)
            {
                int first = Volatile.Read(ref _claims.Next);
                if (first >= _parts)
                {
                    return;
                }

                int end = first + PartsAtOnce(_parts - first, WorkerCount);
                if (Interlocked.CompareExchange(ref _claims.Next, end, first) != first)
                {
                    continue;
                }

                for (int part = first; part < end; part++)
                {
                    _execute(_job, part);
                }
            }
        }
#pragma warning disable CA1031 // Whatever a part throws is thrown again on the caller's thread.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure = ExceptionDispatchInfo.Capture(e);
            Volatile.Write(ref _claims.Next, _parts);
        }
    }

    /// <summary>Joins the job that is running, if there still is one.</summary>
    private void Join()
    {
        // The caller closes the job before it looks for active workers, and a worker becomes active before it looks whether the job is open:
        // one of the two sees the other.
        Interlocked.Increment(ref _claims.Active);
        if (_open)
        {
            RunShare();
        }

        Interlocked.Decrement(ref _claims.Active);
    }

    /// <summary>Lets no worker in any more, and waits for those inside.</summary>
    private void Close()
    {
        _open = false;
        Interlocked.MemoryBarrier();

        // Pieces are short: whoever yields the core at once may not get it back for a long time on a busy machine.
        for (int i = 0; i < SpinIterations && Volatile.Read(ref _claims.Active) != 0; i++)
        {
            Thread.SpinWait(1);
        }

        var spinner = default(SpinWait);
        while (Volatile.Read(ref _claims.Active) != 0)
        {
            spinner.SpinOnce(sleep1Threshold: -1);
        }
    }

    /// <summary>What all workers write to, on cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Claims
    {
        [FieldOffset(64)]
        public int Next;

        [FieldOffset(128)]
        public int Active;
    }

#pragma warning disable CA1001 // The thread disposes of its signal when it ends.
    private sealed class Worker
#pragma warning restore CA1001
    {
        private readonly WorkerPool _pool;
        private readonly ManualResetEventSlim _signal = new(initialState: false, spinCount: 0);
        private volatile int _asleep;

        public Worker(WorkerPool pool, int index)
        {
            _pool = pool;
            new Thread(Loop) { IsBackground = true, Name = $"graft-{index}" }.Start();
        }

        public void Wake()
        {
            if (_asleep != 0)
            {
                _signal.Set();
            }
        }

        private void Loop()
        {
            int seen = 0;
            while (true)
            {
                AwaitGeneration(seen);
                seen = _pool._generation;
                if (_pool._stopping)
                {
                    _signal.Dispose();
                    return;
                }

                _pool.Join();
            }
        }

        private void AwaitGeneration(int seen)
        {
            for (int i = 0; i < SpinIterations; i++)
            {
                if (_pool._generation != seen)
                {
                    return;
                }

                Thread.SpinWait(1);
            }

            while (_pool._generation == seen)
            {
                _signal.Reset();
                Interlocked.Exchange(ref _asleep, 1);
                if (_pool._generation == seen)
                {
                    _signal.Wait();
                }

                Interlocked.Exchange(ref _asleep, 0);
            }
        }
    }
}
