using Graft.Tensors;

namespace Graft.Models;

/// <summary>Reads mapped weights ahead of the passes, and lets those go that are needed last, so that a model may be larger than memory.</summary>
/// <remarks>
/// <para>
/// A pass announces each stage that it comes to: the blocks and the head, forward, and the blocks again in the backward pass. What follows a
/// visit is what followed it the last time; until it is known, a training step is assumed, which goes to the head and back. From this order
/// follows all else: the next stage that is not in memory is asked for, and when there is no room for it, the stage that is needed last is let
/// go (Belady 1966, "A study of replacement algorithms"). In training the passes turn round at both ends, so what was used last stays for the
/// way back; in decoding, which begins again at the first block, what was used last is needed last, and goes.
/// </para>
/// <para>Where all stages have room nothing is ever let go: a model is then read once from the disk, ahead of the first pass. Numbers are the same in any case.</para>
/// </remarks>
internal sealed class WeightStreaming : IDisposable
{
    // Less than this is in memory before it can be asked for.
    private const long FewestBytes = 64L << 20;

    private readonly IReadOnlyList<WeightStage> _stages;
    private readonly IWeightPages _pages;
    private readonly int[] _successors;
    private readonly bool[] _isResident;
    private readonly bool[] _isListed;
    private readonly int[] _upcoming;
    private readonly long _totalBytes;
    private long _residentBytes;
    private long _room;
    private bool _turnsBack;
    private int _last = -1;

    /// <summary>Watches over stages.</summary>
    /// <param name="stages">The stages, in the order of the forward pass.</param>
    /// <param name="pages">Reads and lets go.</param>
    public WeightStreaming(IReadOnlyList<WeightStage> stages, IWeightPages pages)
    {
        _stages = stages;
        _pages = pages;
        _totalBytes = stages.Sum(stage => stage.ByteLength);
        _successors = new int[2 * stages.Count];
        _isResident = new bool[stages.Count];
        _isListed = new bool[stages.Count];
        _upcoming = new int[stages.Count];
        for (int stage = 0; stage < stages.Count; stage++)
        {
            stages[stage].Streaming = this;
            _successors[Visit(stage, isBackward: false)] = stage + 1 < stages.Count ? Visit(stage + 1, isBackward: false) : Visit(Math.Max(0, stage - 1), isBackward: true);
            _successors[Visit(stage, isBackward: true)] = stage > 0 ? Visit(stage - 1, isBackward: true) : Visit(0, isBackward: false);
        }
    }

    /// <summary>Whether there was too little room for all stages at the last look.</summary>
    public bool IsBeyondMemory { get; private set; }

    /// <summary>Lets a model stream its weights, unless hardly any are used where they lie in its files, as after quantisation or conversion on loading.</summary>
    /// <param name="model">The model.</param>
    public static void Attach(LanguageModel model)
    {
        IReadOnlyList<WeightStage> stages = Stages(model);
        if (stages.Sum(stage => stage.ByteLength) >= FewestBytes)
        {
            Attach(model, stages, new MappedWeightPages(model.MappedFiles));
        }
    }

    /// <summary>Lets a model stream its weights.</summary>
    /// <param name="model">The model.</param>
    /// <param name="stages">Its stages.</param>
    /// <param name="pages">Reads and lets go.</param>
    public static void Attach(LanguageModel model, IReadOnlyList<WeightStage> stages, IWeightPages pages)
    {
        _ = new WeightStreaming(stages, pages);
        int next = 0;
        foreach (TransformerBlock block in Blocks(model))
        {
            block.Stage = stages[next++];
        }

        model.HeadStage = stages[next];
    }

    /// <summary>The stages of a model: each block, then the head, with the weights that lie in its files.</summary>
    /// <param name="model">The model.</param>
    public static IReadOnlyList<WeightStage> Stages(LanguageModel model) => [.. Blocks(model).Append<Module>(model.Head).Select((module, index) => Stage(model, module, index))];

    /// <summary>A pass is about to read the weights of a stage.</summary>
    /// <param name="stage">Index of the stage.</param>
    /// <param name="isBackward">Whether it is a backward pass.</param>
    public void Enter(int stage, bool isBackward)
    {
        int visit = Visit(stage, isBackward);
        if (visit == _last)
        {
            return;
        }

        bool isNewPass = _last < 0 || (!isBackward && stage <= _last / 2);
        if (_last >= 0)
        {
            _successors[_last] = visit;
        }

        _last = visit;
        if (isNewPass)
        {
            _room = _pages.Room();
            IsBeyondMemory = _totalBytes > _room;
        }

        if (_residentBytes < _totalBytes || IsBeyondMemory)
        {
            ListUpcoming(visit);
            Move(NextMissing());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pages.Dispose();

    private static IEnumerable<TransformerBlock> Blocks(LanguageModel model) => model.NamedModules().OfType<TransformerBlock>();

    private static WeightStage Stage(LanguageModel model, Module module, int index)
    {
        IEnumerable<Parameter> weights = module.NamedWeights().Select(weight => weight.Slot.Original).Distinct();
        return new WeightStage(module.Name, index, [.. weights.SelectMany(weight => WeightRange.InFiles(weight, model.MappedFiles)).OrderBy(range => range.Start)]);
    }

    // Forward and backward visits of a stage have numbers of their own.
    private static int Visit(int stage, bool isBackward) => (2 * stage) + (isBackward ? 1 : 0);

    /// <summary>Puts all stages in the order in which they are needed next, the current one first.</summary>
    private void ListUpcoming(int visit)
    {
        Array.Clear(_isListed);
        int count = 0;
        _turnsBack = false;
        for (int i = 0; i < _successors.Length && count < _stages.Count; i++, visit = _successors[visit])
        {
            _turnsBack |= visit % 2 == 1;
            List(visit / 2, ref count);
        }

        // Such as the encoder's while the decoder writes: not part of what goes round.
        for (int stage = 0; stage < _stages.Count && count < _stages.Count; stage++)
        {
            List(stage, ref count);
        }
    }

    private void List(int stage, ref int count)
    {
        if (!_isListed[stage])
        {
            _isListed[stage] = true;
            _upcoming[count++] = stage;
        }
    }

    /// <summary>The first stage to come that is not in memory and has room beside all that are needed sooner; the very next needs no room.</summary>
    /// <remarks>
    /// Where passes begin again at the same end, it is the very next or none: what an earlier reading pushes out is needed before that which
    /// a later one would. Where they turn round it is the same, so the disk need not rest while a pass goes over what has stayed.
    /// </remarks>
    /// <returns>Its place among the upcoming; 0 where there is none.</returns>
    private int NextMissing()
    {
        long needed = _stages[_upcoming[0]].ByteLength;
        for (int i = 1; i < _upcoming.Length; i++)
        {
            needed += _stages[_upcoming[i]].ByteLength;
            if (i > 1 && (needed > _room || !_turnsBack))
            {
                return 0;
            }

            if (!_isResident[_upcoming[i]])
            {
                return i;
            }
        }

        return 0;
    }

    /// <summary>Lets go what has no room beside the current stage and the missing one, the last needed first; then asks for those two.</summary>
    private void Move(int missing)
    {
        long bytes = _residentBytes + MissingBytes(0) + (missing > 0 ? MissingBytes(missing) : 0);
        for (int i = _upcoming.Length - 1; i > Math.Max(1, missing) && bytes > _room; i--)
        {
            if (_isResident[_upcoming[i]])
            {
                bytes -= _stages[_upcoming[i]].ByteLength;
                _residentBytes -= _stages[_upcoming[i]].ByteLength;
                _isResident[_upcoming[i]] = false;
                _pages.Release(_stages[_upcoming[i]]);
            }
        }

        Ask(_upcoming[0]);
        Ask(_upcoming[missing]);
    }

    private long MissingBytes(int place) => _isResident[_upcoming[place]] ? 0 : _stages[_upcoming[place]].ByteLength;

    private void Ask(int stage)
    {
        if (!_isResident[stage])
        {
            _isResident[stage] = true;
            _residentBytes += _stages[stage].ByteLength;
            _pages.ReadAhead(_stages[stage]);
        }
    }
}
