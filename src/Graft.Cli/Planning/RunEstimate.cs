using Graft.Cli.Configuration;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training;
using Graft.Training.Data;
using Graft.Training.Optimizers;

namespace Graft.Cli.Planning;

/// <summary>Memory that a run will take at its peak, in bytes.</summary>
/// <param name="Weights">The base weights that are mapped from files: the system can drop them and read them again.</param>
/// <param name="Program">The program's own files in memory.</param>
/// <param name="Trained">Values and gradients of what is trained, fp32.</param>
/// <param name="Optimizer">The optimizer's state.</param>
/// <param name="Activations">What the largest batch keeps for its backward pass, and works with.</param>
/// <param name="Logits">Of <paramref name="Activations"/>, the head's: a chunk of logits.</param>
/// <param name="Process">What the process has allocated already: runtime, compiled code, tokenizer, data, weights that are not mapped.</param>
internal sealed record MemoryEstimate(long Weights, long Program, long Trained, long Optimizer, long Activations, long Logits, long Process)
{
    /// <summary>What the process alone occupies.</summary>
    public long Private => Trained + Optimizer + Activations + Process;

    /// <summary>What is backed by files.</summary>
    public long FileBacked => Weights + Program;

    /// <summary>All together.</summary>
    public long Total => Private + FileBacked;
}

/// <summary>Time that a run will take.</summary>
/// <param name="SecondsPerStep">Of an optimizer step of average size.</param>
/// <param name="TotalSeconds">Of all steps, without evaluation and saving.</param>
/// <param name="Tokens">Tokens of all steps.</param>
/// <param name="OperationsPerSecond">Rate that was measured.</param>
internal sealed record TimeEstimate(double SecondsPerStep, double TotalSeconds, long Tokens, double OperationsPerSecond)
{
    /// <summary>Tokens a second.</summary>
    public double TokensPerSecond => Tokens / TotalSeconds;
}

/// <summary>Foretells memory and time of a run from steps of a model like it with two and three layers: both grow by the same with every layer.</summary>
internal sealed class RunEstimate
{
    private const int FewLayers = 2;

    private const int MoreLayers = 3;

    /// <summary>What a run allocates besides: code that is compiled while it goes on, logs, buffers of files. Measured; the same for small and large models.</summary>
    private const long RunBytes = 4L << 20;

    private readonly PreparedRun _run;
    private readonly TrainingArguments _arguments;
    private readonly List<TokenizedSample> _batch;
    private readonly List<TokenizedSample> _measured;
    private readonly HashSet<(int Tokens, int Labelled)> _batchSizes = [];
    private readonly StepProbe _few;
    private readonly StepProbe _more;

    private RunEstimate(PreparedRun run, int? mostTokens, double seconds)
    {
        _run = run;
        _arguments = run.Arguments;
        _batch = LargestBatch();
        _measured = mostTokens is { } limit ? Shorten(_batch, limit) : _batch;
        _few = StepProbe.Run(run.Model, FewLayers, _measured, _arguments, seconds: 0);
        _more = StepProbe.Run(run.Model, MoreLayers, _measured, _arguments, seconds);

        // What the small models were made of is no part of the run.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Memory = WithLogits(_arguments.LogitsBytes);
    }

    /// <summary>Memory.</summary>
    public MemoryEstimate Memory { get; }

    /// <summary>Sequences and tokens of the largest batch.</summary>
    public (int Sequences, int Tokens) LargestBatchSize => (_batch.Count, TokensOf(_batch));

    /// <summary>Measures quickly, with a part of the largest batch: for memory only.</summary>
    public static MemoryEstimate MemoryOf(PreparedRun run) => new RunEstimate(run, mostTokens: 64, seconds: 0).Memory;

    /// <summary>Measures with as many tokens as are enough for the memory of any batch, which grows with them.</summary>
    public static RunEstimate ForMemory(PreparedRun run) => new(run, mostTokens: 1024, seconds: 0);

    /// <summary>Measures with the largest batch.</summary>
    /// <param name="run">The run.</param>
    /// <param name="seconds">How long to repeat the measurement.</param>
    public static RunEstimate Of(PreparedRun run, double seconds = 1) => new(run, mostTokens: null, seconds);

    /// <summary>Time, by the rate that was measured.</summary>
    public TimeEstimate Time()
    {
        double probeOperations = Operations(_more.BodyWeights, ProbeModel.VocabularySize, TokensOf(_measured), TrainableOf(_measured), share: 1);
        double rate = probeOperations / _more.Seconds;
        int layers = _run.Model.Base.Config.LayerCount;
        double backwardShare = 1 - (ProbeModel.LowestTrainedBlock(_run.Model) / (double)layers);
        long body = _more.BodyWeights / MoreLayers * layers;
        LengthStatistics statistics = _run.Data.Statistics;
        double epochs = _run.Steps.MaxSteps / (double)_run.Steps.WindowsIn(0);
        double operations = epochs * Operations(body, _run.Model.Base.Config.VocabularySize, statistics.TotalTokens, statistics.TrainableTokens, backwardShare);
        double total = operations / rate;
        return new TimeEstimate(total / _run.Steps.MaxSteps, total, (long)(epochs * statistics.TotalTokens), rate);
    }

    /// <summary>Memory if logits were held in another amount at a time.</summary>
    /// <param name="logitsBytes">Most bytes of logits.</param>
    public MemoryEstimate WithLogits(long logitsBytes)
    {
        PeftModel model = _run.Model;
        (long trainable, _) = model.CountParameters();
        int layers = model.Base.Config.LayerCount - ProbeModel.LowestTrainedBlock(model);
        double scale = TokensOf(_batch) / (double)TokensOf(_measured);
        long saved = (long)(scale * AtDepth(layers, probe => probe.SavedBytes));
        long bodyPeak = (long)(scale * AtDepth(layers, probe => probe.BodyPeakBytes));

        // Rows of logits do not grow with the batch: a little more than a chunk is two small ones.
        (long head, long withHead) = _batchSizes.Select(size => (Head: HeadBytes(size.Tokens, size.Labelled, logitsBytes), Saved: (long)(saved * (size.Tokens / (double)TokensOf(_batch)))))
            .Select(bytes => (bytes.Head, bytes.Head + bytes.Saved))
            .MaxBy(bytes => bytes.Item2);
        (long ownBytes, long fileBacked) = ProcessMemory.Now();
        long resident = model.Base.Folder is { } folder ? ProcessMemory.ResidentOf(folder) : 0;
        return new MemoryEstimate(
            model.Base.DistinctWeights().Sum(weight => MappedBytes(weight.Slot.Original)),
            Math.Max(0, fileBacked - resident),
            trainable * 2 * sizeof(float),
            (long)(trainable * OptimizerBytes()),
            Math.Max(bodyPeak, withHead),
            head,
            ownBytes + RunBytes);
    }

    private double AtDepth(int layers, Func<StepProbe, long> bytes) => bytes(_few) + ((layers - FewLayers) * (double)(bytes(_more) - bytes(_few)));

    /// <summary>Bytes of a weight that lie in a file; what was converted or quantised while it was loaded is the process's own.</summary>
    private static long MappedBytes(Parameter weight) => weight switch
    {
        { Quantized: BlockMatrix blocks } => blocks.ByteLength,
        { Quantized: not null } or { Owner: NativeBuffer } => 0,
        _ => weight.Count * weight.DType.SizeInBytes(),
    };

    /// <summary>The head's memory: the gradient of the hidden rows, and a chunk of logits with its hidden rows, which in bf16 are rounded in a copy for the head's gradient.</summary>
    private long HeadBytes(int tokens, int labelled, long logitsBytes)
    {
        (int vocabulary, int hidden) = (_run.Model.Base.Config.VocabularySize, _run.Model.Base.Config.HiddenSize);
        Linear linear = _run.Model.Base.Head;
        bool trains = linear.Weight.Original.RequiresGrad || _run.Model.AdapterNames.Count == 0;
        long rows = linear.Plugs.Count > 0 ? 2L * tokens : Op.RowsOfLogits(labelled, vocabulary, logitsBytes, trains);
        long rounded = _arguments.Bf16 && trains ? rows * hidden : 0;
        return sizeof(float) * ((rows * (vocabulary + hidden)) + ((long)tokens * hidden) + rounded);
    }

    /// <summary>Bytes of optimizer state for each trained number, as an optimizer of one matrix has them.</summary>
    private double OptimizerBytes()
    {
        const int Side = 64;
        using Optimizer optimizer = OptimizerFactory.Create(_arguments, [new ParameterSlot("weight", 0, [Side, Side], 0)], [new ParameterGroup(_arguments.LearningRate)]);
        return optimizer.State.Sum(state => (double)state.ByteLength) / (Side * Side);
    }

    /// <summary>
    /// Operations of a step: two for each token and weight forward, two more backward to the input, and two more where the weight is trained;
    /// recomputation repeats the forward pass. The head sees labelled tokens only.
    /// </summary>
    private double Operations(long bodyWeights, int vocabulary, double tokens, double trainable, double share)
    {
        bool full = _run.Model.AdapterNames.Count == 0;
        double passes = 2 + (share * (2 + (full ? 2 : 0) + (_arguments.GradientCheckpointing ? 2 : 0)));
        double head = (double)vocabulary * _run.Model.Base.Config.HiddenSize * trainable * (full ? 6 : 4);
        return (passes * bodyWeights * tokens) + head;
    }

    private List<TokenizedSample> LargestBatch()
    {
        const int MostEpochs = 8;
        var largest = new List<TokenizedSample>();
        int most = -1;
        for (int epoch = 0; epoch < Math.Min(_run.Steps.NumTrainEpochs, MostEpochs); epoch++)
        {
            for (int batch = 0; batch < _run.Batches.BatchesIn(epoch); batch++)
            {
                int tokens = 0;
                int labelled = 0;
                foreach (int index in _run.Batches.Batch(epoch, batch))
                {
                    tokens += TokensOf(_run.Data.Samples[index]);
                    labelled += _run.Data.Samples[index].TrainableTokens;
                }

                _batchSizes.Add((tokens, labelled));

                if (tokens > most)
                {
                    most = tokens;
                    largest.Clear();
                    foreach (int index in _run.Batches.Batch(epoch, batch))
                    {
                        largest.Add(_run.Data.Samples[index]);
                    }
                }
            }
        }

        return largest;
    }

    /// <summary>A part of a batch: its first tokens, with as many sequences as it takes.</summary>
    private static List<TokenizedSample> Shorten(List<TokenizedSample> batch, int mostTokens)
    {
        var shortened = new List<TokenizedSample>();
        int left = mostTokens;
        foreach (TokenizedSample sample in batch.TakeWhile(_ => left > 0))
        {
            shortened.Add(sample.Slice(0, Math.Min(left, sample.Length)));
            left -= TokensOf(sample);
        }

        return shortened;
    }

    private static int TokensOf(List<TokenizedSample> samples) => samples.Sum(TokensOf);

    private static int TokensOf(TokenizedSample sample) => sample.Length + (sample.SourceIds?.Length ?? 0);

    private static int TrainableOf(List<TokenizedSample> samples) => samples.Sum(sample => sample.TrainableTokens);
}
