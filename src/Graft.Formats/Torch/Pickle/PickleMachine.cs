namespace Graft.Formats;

/// <summary>
/// An interpreter of the part of pickle (protocols 2 to 5) that describes data. It keeps its own stack, so nesting costs no
/// machine stack; it creates at most one object an opcode, so memory follows the size of the pickle.
/// Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py.
/// </summary>
internal ref struct PickleMachine
{
    private const int NewestProtocol = 5;

    private readonly IPickleHost _host;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<uint, object?> _memo = [];
    private PickleReader _reader;
    private PickleWork _work;

    private PickleMachine(ReadOnlySpan<byte> bytes, string where, IPickleHost host)
    {
        _reader = new PickleReader(bytes, where);
        _work = new PickleWork(bytes.Length);
        _host = host;
    }

    /// <summary>Runs one pickle.</summary>
    /// <param name="bytes">Begins with the pickle; more may follow.</param>
    /// <param name="where">The file and record, for messages.</param>
    /// <param name="host">Gives globals, calls and storages their meaning.</param>
    /// <param name="consumed">Bytes of the pickle.</param>
    /// <exception cref="InvalidDataException">It is damaged, or asks for something that is not data.</exception>
    public static object? Run(ReadOnlySpan<byte> bytes, string where, IPickleHost host, out int consumed)
    {
        var machine = new PickleMachine(bytes, where, host);
        object? value = machine.Run();
        consumed = machine._reader.Position;
        return value;
    }

    private object? Run()
    {
        while (true)
        {
            var opcode = (PickleOpcode)_reader.Byte();
            if (opcode == PickleOpcode.Stop)
            {
                object? value = Pop();
                return _stack.Count == 0 && _marks.Count == 0 ? value : throw _reader.Invalid("values are left over at the end");
            }

            if (!Constant(opcode) && !Container(opcode) && !Filling(opcode) && !StackAndMemo(opcode) && !Reference(opcode))
            {
                throw _reader.Invalid(Enum.IsDefined(opcode)
                    ? $"the pickle opcode {opcode} is not one that torch.save writes for tensors and plain values, so it is refused"
                    : $"0x{(byte)opcode:x2} is not a pickle opcode: the file is damaged");
            }
        }
    }

    /// <summary>Opcodes that push a value which stands in the pickle itself.</summary>
    private bool Constant(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.None:
                return Push(null);
            case PickleOpcode.NewTrue:
                return Push(true);
            case PickleOpcode.NewFalse:
                return Push(false);
            case PickleOpcode.BinInt:
                return Push((long)_reader.Int32());
            case PickleOpcode.BinInt1:
                return Push((long)_reader.Byte());
            case PickleOpcode.BinInt2:
                return Push((long)_reader.UInt16());
            case PickleOpcode.Long1:
                return Push(_reader.Integer(_reader.Byte()));
            case PickleOpcode.Long4:
                return Push(_reader.Integer(_reader.UInt32()));
            case PickleOpcode.BinFloat:
                return Push(_reader.Double());
            case PickleOpcode.BinUnicode or PickleOpcode.BinString:
                return Push(_reader.Text(_reader.UInt32()));
            case PickleOpcode.ShortBinUnicode or PickleOpcode.ShortBinString:
                return Push(_reader.Text(_reader.Byte()));
            case PickleOpcode.BinUnicode8:
                return Push(_reader.Text(_reader.UInt64()));
            case PickleOpcode.BinBytes:
                return Push(_reader.Take(_reader.UInt32()).ToArray());
            case PickleOpcode.ShortBinBytes:
                return Push(_reader.Take(_reader.Byte()).ToArray());
            case PickleOpcode.BinBytes8 or PickleOpcode.ByteArray8:
                return Push(_reader.Take(_reader.UInt64()).ToArray());
            default:
                return false;
        }
    }

    /// <summary>Opcodes that push a new container.</summary>
    private bool Container(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyList:
                return Push(new TorchList());
            case PickleOpcode.EmptyTuple:
                return Push(TorchTuple.Empty);
            case PickleOpcode.EmptyDict:
                return Push(new TorchDictionary());
            case PickleOpcode.EmptySet:
                return Push(new TorchSet());
            case PickleOpcode.Tuple1:
                return Push(new TorchTuple(PopMany(1)));
            case PickleOpcode.Tuple2:
                return Push(new TorchTuple(PopMany(2)));
            case PickleOpcode.Tuple3:
                return Push(new TorchTuple(PopMany(3)));
            case PickleOpcode.Tuple:
                return Push(new TorchTuple(PopToMark()));
            case PickleOpcode.List:
                return Push(new TorchList(PopToMark()));
            case PickleOpcode.FrozenSet:
                return Push(AddTo(new TorchSet(), PopToMark()));
            case PickleOpcode.Dict:
                return Push(SetIn(new TorchDictionary(), PopToMark()));
            default:
                return false;
        }
    }

    /// <summary>Opcodes that put values into the container below them.</summary>
    private bool Filling(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Append:
                return AddTo(PopMany(1));
            case PickleOpcode.Appends:
                return AddTo(PopToMark());
            case PickleOpcode.SetItem:
                return SetIn(PopMany(2));
            case PickleOpcode.SetItems:
                return SetIn(PopToMark());
            case PickleOpcode.AddItems:
                object?[] items = PopToMark();
                AddTo(Top() as TorchSet ?? throw _reader.Invalid("items are added to something that is not a set"), items);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Opcodes that move values, and those that only frame them.</summary>
    private bool StackAndMemo(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Proto:
                byte protocol = _reader.Byte();
                return protocol <= NewestProtocol ? true : throw _reader.Invalid($"pickle protocol {protocol} is not known; the newest is {NewestProtocol}");
            case PickleOpcode.Frame:
                ulong length = _reader.UInt64();
                PickleReader ahead = _reader;
                ahead.Take(length);
                return true;
            case PickleOpcode.Mark:
                _marks.Push(_stack.Count);
                return true;
            case PickleOpcode.Pop:
                Pop();
                return true;
            case PickleOpcode.PopMark:
                PopToMark();
                return true;
            case PickleOpcode.Dup:
                return Push(Top());
            case PickleOpcode.BinPut:
                return Remember(_reader.Byte());
            case PickleOpcode.LongBinPut:
                return Remember(_reader.UInt32());
            case PickleOpcode.Memoize:
                return Remember((uint)_memo.Count);
            case PickleOpcode.BinGet:
                return Push(Recall(_reader.Byte()));
            case PickleOpcode.LongBinGet:
                return Push(Recall(_reader.UInt32()));
            default:
                return false;
        }
    }

    /// <summary>Opcodes that refer to something outside the pickle: the host decides.</summary>
    private bool Reference(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Global:
                string module = _reader.Line();
                return Push(_host.Global(module, _reader.Line()));
            case PickleOpcode.StackGlobal:
                object?[] names = PopMany(2);
                return names is [string from, string name] ? Push(_host.Global(from, name)) : throw _reader.Invalid("a global is named by something that is not text");
            case PickleOpcode.Reduce or PickleOpcode.NewObj:
                object?[] call = PopMany(2);
                TorchTuple arguments = call[1] as TorchTuple ?? throw _reader.Invalid("a call has arguments that are not a tuple");
                Spend(arguments);
                return Push(_host.Call(call[0], arguments));
            case PickleOpcode.BinPersId:
                return Push(_host.Persistent(Pop()));
            case PickleOpcode.Build:
                // The attributes of an OrderedDict (a state dict's _metadata): nothing that a weight needs.
                object? state = Pop();
                return Top() is TorchDictionary && state is TorchDictionary
                    ? true
                    : throw _reader.Invalid("the state of an object is set (BUILD): only state dicts have one here. Save model.state_dict() instead of the model");
            default:
                return false;
        }
    }

    private readonly bool Push(object? value)
    {
        _stack.Add(value);
        return true;
    }

    private readonly object? Top()
    {
        EnsureAvailable(1);
        return _stack[^1];
    }

    private readonly object? Pop() => PopMany(1)[0];

    private readonly object?[] PopMany(int count)
    {
        EnsureAvailable(count);
        object?[] values = [.. _stack.GetRange(_stack.Count - count, count)];
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private readonly object?[] PopToMark()
    {
        if (!_marks.TryPop(out int mark))
        {
            throw _reader.Invalid("values are taken back to a mark that was never set");
        }

        return PopMany(_stack.Count - mark);
    }

    private readonly void EnsureAvailable(int count)
    {
        int bottom = _marks.TryPeek(out int mark) ? mark : 0;
        if (_stack.Count - bottom < count)
        {
            throw _reader.Invalid("a value is taken from an empty stack");
        }
    }

    private readonly bool Remember(uint index)
    {
        _memo[index] = Top();
        return true;
    }

    private readonly object? Recall(uint index)
        => _memo.TryGetValue(index, out object? value) ? value : throw _reader.Invalid($"memo {index} is read, but was never written");

    private bool AddTo(object?[] items)
    {
        TorchList list = Top() as TorchList ?? throw _reader.Invalid("items are appended to something that is not a list");
        list.AddRange(items);
        return true;
    }

    private bool SetIn(object?[] items)
    {
        SetIn(Top() as TorchDictionary ?? throw _reader.Invalid("items are set in something that is not a dictionary"), items);
        return true;
    }

    private TorchDictionary SetIn(TorchDictionary dictionary, object?[] items)
    {
        if (items.Length % 2 != 0)
        {
            throw _reader.Invalid("a dictionary has a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            Spend(items[i]);
            if (!dictionary.TrySet(items[i], items[i + 1]))
            {
                throw _reader.Invalid("a dictionary has a key that is not short text, a number, or a short tuple of those");
            }
        }

        return dictionary;
    }

    private TorchSet AddTo(TorchSet set, object?[] items)
    {
        foreach (object? item in items)
        {
            Spend(item);
            if (!set.TryAdd(item))
            {
                throw _reader.Invalid("a set has an item that is not short text, a number, or a short tuple of those");
            }
        }

        return set;
    }

    private void Spend(object? value)
    {
        if (!_work.TrySpend(value))
        {
            throw _reader.Invalid("the same values are used over and over, as no checkpoint does");
        }
    }
}
