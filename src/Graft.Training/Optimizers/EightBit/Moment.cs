using Graft.Tensors;
using Graft.Tensors.Kernels;

namespace Graft.Training.Optimizers;

/// <summary>One moment of all parameters: fp32 numbers, or codes and largest magnitudes where 8 bits are asked for.</summary>
internal sealed unsafe class Moment : IDisposable
{
    private const int Block = EightBitStates.BlockSize;

    private readonly OptimizerState? _full;
    private readonly OptimizerState? _codes;
    private readonly OptimizerState? _scales;
    private readonly long[] _starts;
    private readonly long[] _scaleStarts;
    private readonly float[] _map = [];
    private readonly CodeSearch? _search;

    /// <summary>Allocates it.</summary>
    /// <param name="name">Its name in torch.</param>
    /// <param name="slots">The parameters.</param>
    /// <param name="eightBit">Which are kept in 8 bits; null for none.</param>
    /// <param name="signed">Whether the codes have a sign; bitsandbytes decides by the place of a moment, not by its values.</param>
    public Moment(string name, IReadOnlyList<ParameterSlot> slots, EightBitStates? eightBit, bool signed)
    {
        _starts = new long[slots.Count];
        _scaleStarts = new long[slots.Count];
        List<StateRegion> full = [], codes = [], scales = [];
        (long fullLength, long codesLength, long scalesLength) = (0, 0, 0);
        for (int i = 0; i < slots.Count; i++)
        {
            ParameterSlot slot = slots[i];
            if (eightBit?.Applies(slot) != true)
            {
                // Without 8-bit moments the layout is the parameters' own.
                _starts[i] = eightBit is null ? slot.Offset : fullLength;
                _scaleStarts[i] = -1;
                full.Add(new StateRegion(i, _starts[i], slot.Shape));
                fullLength = Math.Max(fullLength, _starts[i] + slot.Count);
                continue;
            }

            (_starts[i], _scaleStarts[i]) = (codesLength, scalesLength);
            int blocks = checked((int)((slot.Count + Block - 1) / Block));
            codes.Add(new StateRegion(i, codesLength, slot.Shape));
            scales.Add(new StateRegion(i, scalesLength, [blocks]));
            codesLength += slot.Count;
            scalesLength += blocks;
        }

        _full = eightBit is null || fullLength > 0 ? new OptimizerState(name, DType.Float32, fullLength, full) : null;
        if (codesLength > 0)
        {
            _map = CodeTables.Dynamic(signed);
            _search = signed ? CodeSearch.SignedDynamic : CodeSearch.UnsignedDynamic;
            _codes = new OptimizerState($"{name}.codes", DType.UInt8, codesLength, codes);
            _scales = new OptimizerState($"{name}.absmax", DType.Float32, scalesLength, scales);
        }
    }

    /// <summary>The buffers that hold it.</summary>
    public IEnumerable<OptimizerState> Buffers => new[] { _full, _codes, _scales }.OfType<OptimizerState>();

    /// <summary>Fills every element with a number; they begin as zero.</summary>
    /// <param name="value">The number.</param>
    public void Fill(float value)
    {
        if (value == 0)
        {
            return;
        }

        if (_full is not null)
        {
            for (long i = 0; i < _full.Length; i++)
            {
                _full.Pointer[i] = value;
            }
        }

        if (_codes is not null)
        {
            for (long i = 0; i < _codes.Length; i++)
            {
                _codes.Data[i] = _search!.Nearest(MathF.Sign(value));
            }

            for (long i = 0; i < _scales!.Length; i++)
            {
                _scales.Pointer[i] = MathF.Abs(value);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _full?.Dispose();
        _codes?.Dispose();
        _scales?.Dispose();
    }

    /// <summary>The fp32 numbers of a parameter, such that an element is found at its place in the flat buffers.</summary>
    public float* Window(int parameter, in ParameterSlot slot) => _full!.Pointer + (_starts[parameter] - slot.Offset);

    /// <summary>Decodes elements of a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="first">First element, at a block's beginning.</param>
    /// <param name="count">Elements.</param>
    /// <param name="destination">Receives them.</param>
    public void Decode(int parameter, long first, int count, float* destination)
        => BlockwiseQuantizer.Dequantize(_codes!.Data + _starts[parameter] + first, count, _scales!.Pointer + _scaleStarts[parameter] + (first / Block), _map, Block, destination);

    /// <summary>Encodes elements of a parameter.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="first">First element, at a block's beginning.</param>
    /// <param name="count">Elements.</param>
    /// <param name="source">The elements.</param>
    public void Encode(int parameter, long first, int count, float* source)
    {
        byte* codes = _codes!.Data + _starts[parameter] + first;
        float* scales = _scales!.Pointer + _scaleStarts[parameter] + (first / Block);
        for (int i = 0; i < count; i += Block)
        {
            scales[i / Block] = BlockwiseQuantizer.QuantizeBlock(_search!, source + i, Math.Min(Block, count - i), codes + i);
        }
    }
}
