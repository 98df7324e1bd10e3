using Graft.Formats;

namespace Graft.Models;

/// <summary>The weights of mapped files: one thread reads ahead and lets go, in the order asked for, while the others compute.</summary>
/// <param name="files">The files.</param>
internal sealed class MappedWeightPages(IReadOnlyList<FilePages> files) : IWeightPages
{
    // Some thousandths of a second of a disk's time: who closes the files waits no longer.
    private const long PieceBytes = 4 << 20;

    // Other programs come and go; a short step must not ask about them each time.
    private const long MillisecondsBetweenLooks = 5000;

    private readonly AvailableMemory _memory = new();
    private readonly Queue<(WeightStage Stage, bool IsRelease)> _orders = new();
    private readonly Lock _queue = new();
    private readonly Lock _working = new();
    private bool _isRunning;
    private bool _isClosed;
    private long _room = -1;
    private long _looked;

    /// <inheritdoc/>
    public void ReadAhead(WeightStage stage) => Order(stage, isRelease: false);

    /// <inheritdoc/>
    public void Release(WeightStage stage) => Order(stage, isRelease: true);

    /// <inheritdoc/>
    public long Room()
    {
        long now = Environment.TickCount64;
        if (_room < 0 || now - _looked > MillisecondsBetweenLooks)
        {
            (_looked, _room) = (now, _memory.ForFiles());
        }

        return _room;
    }

    /// <summary>Stops: the files can be closed.</summary>
    public void Dispose()
    {
        lock (_working)
        {
            _isClosed = true;
        }
    }

    private void Order(WeightStage stage, bool isRelease)
    {
        lock (_queue)
        {
            _orders.Enqueue((stage, isRelease));
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        // The thread pool is idle while a model runs: kernels have workers of their own.
        ThreadPool.UnsafeQueueUserWorkItem(static pages => pages.WorkOff(), this, preferLocal: false);
    }

    private void WorkOff()
    {
        while (true)
        {
            (WeightStage Stage, bool IsRelease) order;
            lock (_queue)
            {
                if (!_orders.TryDequeue(out order))
                {
                    _isRunning = false;
                    return;
                }
            }

            foreach (WeightRange range in order.Stage.Ranges)
            {
                if (order.IsRelease)
                {
                    Advise(range, isRelease: true);
                    continue;
                }

                for (long done = 0; done < range.Length; done += PieceBytes)
                {
                    Advise(new WeightRange(range.Start + (nint)done, Math.Min(PieceBytes, range.Length - done)), isRelease: false);
                }
            }
        }
    }

    private void Advise(WeightRange range, bool isRelease)
    {
        // The files stay open while the lock is held.
        lock (_working)
        {
            if (_isClosed)
            {
                return;
            }

            FilePages file = files.First(file => file.Contains(range.Start, range.Length));
            if (isRelease)
            {
                file.Release(range.Start, range.Length);
            }
            else
            {
                file.ReadAhead(range.Start, range.Length);
            }
        }
    }
}
