namespace Graft.Tensors;

/// <summary>Keys and values of the tokens that a model has already seen, layer by layer, for sequences that join and leave between steps.</summary>
/// <remarks>
/// One step: set <see cref="SlotsOfStep"/>, run the model (each layer appends to its own memory), then <see cref="Commit"/>.
/// Until then the step's tokens do not count, so a step that fails can be run again. Memory doubles when a sequence outgrows it
/// and stays with the slot when the sequence leaves; a steady decoding step allocates nothing.
/// </remarks>
public sealed unsafe class KeyValueCache : IDisposable
{
    private const int FirstCapacity = 64;

    private readonly List<Slot> _slots = [];
    private int[] _slotsOfStep = [];
    private int _slotsOfStepCount;

    /// <summary>An empty cache.</summary>
    /// <param name="layers">Number of attention layers.</param>
    /// <param name="keyWidth">Floats of all keys of a token in one layer.</param>
    /// <param name="valueWidth">Floats of all values of a token in one layer.</param>
    public KeyValueCache(int layers, int keyWidth, int valueWidth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(valueWidth, 1);
        Layers = layers;
        KeyWidth = keyWidth;
        ValueWidth = valueWidth;
    }

    /// <summary>Number of attention layers.</summary>
    public int Layers { get; }

    /// <summary>Floats of all keys of a token in one layer.</summary>
    public int KeyWidth { get; }

    /// <summary>Floats of all values of a token in one layer.</summary>
    public int ValueWidth { get; }

    /// <summary>The slot of each sequence of the next step's layout, in its order. Setting copies.</summary>
    /// <exception cref="ArgumentException">A slot is not in use, or named twice.</exception>
    public ReadOnlySpan<int> SlotsOfStep
    {
        get => _slotsOfStep.AsSpan(0, _slotsOfStepCount);
        set
        {
            for (int i = 0; i < value.Length; i++)
            {
                _ = InUse(value[i]);
                if (value[..i].Contains(value[i]))
                {
                    throw new ArgumentException($"slot {value[i]} is named twice in one step");
                }
            }

            if (_slotsOfStep.Length < value.Length)
            {
                _slotsOfStep = new int[Math.Max(value.Length, 8)];
            }

            value.CopyTo(_slotsOfStep);
            _slotsOfStepCount = value.Length;
        }
    }

    /// <summary>Takes a slot for a new sequence, of length 0.</summary>
    /// <returns>The slot: the lowest that is free.</returns>
    public int AddSequence()
    {
        int slot = _slots.FindIndex(static s => !s.InUse);
        if (slot < 0)
        {
            slot = _slots.Count;
            _slots.Add(new Slot(Layers));
        }

        _slots[slot].InUse = true;
        _slots[slot].Length = 0;
        _slots[slot].Pending = 0;
        return slot;
    }

    /// <summary>Takes a slot for a copy of a sequence, as beam search does.</summary>
    /// <param name="slot">The sequence to copy.</param>
    /// <returns>The copy's slot.</returns>
    public int CopySequence(int slot)
    {
        Slot source = InUse(slot);
        int copy = AddSequence();
        Slot target = _slots[copy];
        for (int layer = 0; layer < Layers; layer++)
        {
            target.Layers[layer].CopyFrom(source.Layers[layer], source.Length, KeyWidth, ValueWidth);
        }

        target.Length = source.Length;
        return copy;
    }

    /// <summary>Frees a slot; its sequence is forgotten.</summary>
    /// <param name="slot">A slot in use.</param>
    public void Remove(int slot) => InUse(slot).InUse = false;

    /// <summary>Number of tokens of a sequence that are cached, in every layer.</summary>
    /// <param name="slot">A slot in use.</param>
    public int LengthOf(int slot) => InUse(slot).Length;

    /// <summary>Forgets the tokens of a sequence from <paramref name="length"/> on.</summary>
    /// <param name="slot">A slot in use.</param>
    /// <param name="length">At most <see cref="LengthOf"/>.</param>
    public void Truncate(int slot, int length)
    {
        Slot sequence = InUse(slot);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, sequence.Length);
        sequence.Length = length;
        sequence.Pending = 0;
    }

    /// <summary>Ends a step: what its layers appended now counts.</summary>
    public void Commit()
    {
        foreach (int slot in SlotsOfStep)
        {
            Slot sequence = _slots[slot];
            sequence.Length += sequence.Pending;
            sequence.Pending = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Slot slot in _slots)
        {
            foreach (LayerCache layer in slot.Layers)
            {
                layer.Dispose();
            }
        }

        _slots.Clear();
        _slotsOfStepCount = 0;
    }

    /// <summary>Room for <paramref name="tokens"/> more tokens of a sequence in one layer.</summary>
    /// <param name="slot">A slot in use.</param>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="tokens">Number of tokens of this step.</param>
    /// <param name="heads">Number of key and value heads: each has memory of its own, so that decoding reads straight on.</param>
    internal LayerCache Reserve(int slot, int layer, int tokens, int heads)
    {
        Slot sequence = InUse(slot);
        sequence.Pending = tokens;
        LayerCache memory = sequence.Layers[layer];
        int needed = checked(sequence.Length + tokens);
        if (needed > memory.Capacity || heads != memory.Heads)
        {
            int capacity = Math.Max(FirstCapacity, memory.Capacity);
            while (capacity < needed)
            {
                capacity = checked(capacity * 2);
            }

            memory.Grow(capacity, sequence.Length, heads, KeyWidth, ValueWidth);
        }

        return memory;
    }

    /// <summary>The memory of a sequence in one layer.</summary>
    internal LayerCache MemoryOf(int slot, int layer) => _slots[slot].Layers[layer];

    private Slot InUse(int slot)
        => (uint)slot < (uint)_slots.Count && _slots[slot].InUse
            ? _slots[slot]
            : throw new ArgumentException($"the key-value cache has no sequence in slot {slot}");

    /// <summary>Keys [heads][capacity][key head size] and values [heads][capacity][value head size] of one sequence in one layer.</summary>
    internal sealed class LayerCache : IDisposable
    {
        private NativeBuffer? _keys;
        private NativeBuffer? _values;

        public int Capacity { get; private set; }

        public int Heads { get; private set; }

        public float* Keys => _keys is null ? null : (float*)_keys.Data;

        public float* Values => _values is null ? null : (float*)_values.Data;

        public void Grow(int capacity, int length, int heads, int keyWidth, int valueWidth)
        {
            if (length > 0 && heads != Heads)
            {
                throw new ArgumentException($"the key-value cache holds {Heads} heads, the layer now has {heads}");
            }

            _keys = Resized(_keys, capacity, length, heads, keyWidth);
            _values = Resized(_values, capacity, length, heads, valueWidth);
            Capacity = capacity;
            Heads = heads;
        }

        public void CopyFrom(LayerCache source, int length, int keyWidth, int valueWidth)
        {
            if (length == 0)
            {
                return;
            }

            if (Capacity < length || Heads != source.Heads)
            {
                Grow(source.Capacity, 0, source.Heads, keyWidth, valueWidth);
            }

            CopyRows(source.Keys, source.Capacity, Keys, Capacity, length, Heads, keyWidth);
            CopyRows(source.Values, source.Capacity, Values, Capacity, length, Heads, valueWidth);
        }

        public void Dispose()
        {
            _keys?.Dispose();
            _values?.Dispose();
            (_keys, _values, Capacity) = (null, null, 0);
        }

        private NativeBuffer Resized(NativeBuffer? old, int capacity, int length, int heads, int width)
        {
            var grown = new NativeBuffer((long)capacity * width * sizeof(float));
            if (old is not null)
            {
                CopyRows((float*)old.Data, Capacity, (float*)grown.Data, capacity, length, heads, width);
                old.Dispose();
            }

            return grown;
        }

        private static void CopyRows(float* from, int fromCapacity, float* to, int toCapacity, int length, int heads, int width)
        {
            int size = width / heads;
            for (int head = 0; head < heads; head++)
            {
                long bytes = (long)length * size * sizeof(float);
                Buffer.MemoryCopy(from + ((long)head * fromCapacity * size), to + ((long)head * toCapacity * size), bytes, bytes);
            }
        }
    }

    private sealed class Slot
    {
        public Slot(int layers)
        {
            Layers = new LayerCache[layers];
            for (int i = 0; i < layers; i++)
            {
                Layers[i] = new LayerCache();
            }
        }

        public LayerCache[] Layers { get; }

        public bool InUse { get; set; }

        public int Length { get; set; }

        public int Pending { get; set; }
    }
}
