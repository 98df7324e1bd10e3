namespace Graft.Fuzzing;

/// <summary>An input that a reader did not take as it should.</summary>
/// <param name="Target">The reader.</param>
/// <param name="Input">Number of the input: with the same seed it is made again.</param>
/// <param name="Fault">What happened.</param>
internal sealed record Finding(string Target, long Input, string Fault);

/// <summary>Gives a reader damaged files. It must take or refuse each with an error that says why, soon, and with no more memory than the file's size warrants.</summary>
internal sealed class Fuzzer
{
    // A damaged file may take twice as much memory as its size and the most demanding sound file together.
    private const int AllowedFactor = 2;

    private const int MostFindings = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly IFuzzTarget _target;
    private readonly Mutator _mutator;
    private readonly int _seed;
    private readonly string _folder;
    private readonly List<Finding> _findings = [];
    private readonly Lock _lock = new();
    private readonly long _soundBytes;
    private long _refused;

    /// <summary>Prepares.</summary>
    /// <param name="target">The reader.</param>
    /// <param name="seed">The same seed makes the same inputs.</param>
    /// <param name="folder">Where files may be written.</param>
    /// <exception cref="InvalidDataException">The reader refuses a sound file.</exception>
    public Fuzzer(IFuzzTarget target, int seed, string folder)
    {
        _target = target;
        _seed = seed;
        _folder = folder;
        _mutator = new Mutator(target.Seeds, isText: target is TokenizerTarget or SafetensorsTarget);

        // Twice, since the first reading fills tables that stay.
        foreach (byte[] sound in target.Seeds.Concat(target.Seeds))
        {
            string path = Place(worker: 0);
            _soundBytes = Math.Max(_soundBytes, Allocated(sound, path));
        }
    }

    /// <summary>Inputs that were refused with a reason; the others were read.</summary>
    public long Refused => _refused;

    /// <summary>What went wrong.</summary>
    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>The damaged file with a number.</summary>
    /// <param name="input">The number.</param>
    public byte[] Input(long input) => _mutator.Next(new Random(HashCode(input)));

    /// <summary>Reads many.</summary>
    /// <param name="first">Number of the first input.</param>
    /// <param name="inputs">How many.</param>
    /// <param name="workers">Threads.</param>
    public void Run(long first, long inputs, int workers)
    {
        long next = first;
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, worker =>
        {
            string path = Place(worker);
            while (Interlocked.Increment(ref next) - 1 is long input && input < first + inputs && _findings.Count < MostFindings)
            {
                if (Fault(Input(input), path) is string fault)
                {
                    lock (_lock)
                    {
                        _findings.Add(new Finding(_target.Name, input, fault));
                    }
                }
            }
        });
    }

    /// <summary>Reads one file.</summary>
    /// <returns>What is wrong with the reader; null for nothing.</returns>
    private string? Fault(byte[] content, string path)
    {
        using var watch = new Timer(_ => Environment.FailFast($"{_target.Name}: no end in sight after {Patience.TotalSeconds} s with {Convert.ToBase64String(content)}"), null, Patience, Timeout.InfiniteTimeSpan);
        long allowed = AllowedFactor * (_soundBytes + content.Length);
        try
        {
            long allocated = Allocated(content, path);
            return allocated > allowed ? $"took {allocated} bytes of memory, {allowed} are enough for a file of {content.Length}" : null;
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            Interlocked.Increment(ref _refused);
            return e.Message.Length == 0 ? "an error without a message" : null;
        }
        catch (Exception e)
        {
            return e.ToString();
        }
    }

    private long Allocated(byte[] content, string path)
    {
        if (_target.NeedsFile)
        {
            File.WriteAllBytes(path, content);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        _target.Read(content, path);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private string Place(int worker) => Path.Combine(_folder, $"{_target.Name}-{worker}");

    private int HashCode(long input) => unchecked((int)((((ulong)input * 0x9E3779B97F4A7C15) >> 32) ^ ((uint)_seed * 0x85EBCA6B)));
}
