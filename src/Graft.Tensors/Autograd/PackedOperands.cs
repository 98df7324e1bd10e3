using Graft.Tensors.Kernels;
using Graft.Tensors.Memory;

namespace Graft.Tensors;

/// <summary>The latest inputs of bf16 products in the form that kernels read: the input of several products is rounded and packed once.</summary>
/// <remarks>
/// A layer's input goes into the weights and adapters' factors of q, k and v; a gradient into those of one layer. Between them at most one
/// other input is needed, the adapter's own, so two copies are kept. A copy is used again only while its tensor's version is the one that was packed:
/// whoever is handed a pointer to write through (<see cref="Tensor.Data"/>, a gradient) changes it, and so does freeing the memory. Nobody has to say that he has written.
/// </remarks>
/// <param name="arena">Lends the memory.</param>
internal sealed unsafe class PackedOperands(StepArena arena)
{
    /// <summary>Larger operands are packed piece by piece for each product: a copy of them would weigh more than it saves.</summary>
    public const long MostBytes = 32 << 20;

    private readonly Copy[] _copies = new Copy[2];
    private int _latest;

    /// <summary>How often a copy was used again.</summary>
    public long Reused { get; private set; }

    /// <summary>Bytes of the copies that are kept now.</summary>
    public long Bytes => sizeof(uint) * (_copies[0].Units + _copies[1].Units);

    /// <summary>A tensor's rows, packed for the tile in use.</summary>
    /// <param name="rows">Rows with an owner.</param>
    /// <param name="operand">Valid until the tape computes the next product.</param>
    /// <returns>False where they would take more than <see cref="MostBytes"/>.</returns>
    public bool TryGet(in RowOperand rows, out BFloat16Operand operand)
    {
        ProductTile tile = BFloat16Tile.Current;
        long units = BFloat16Operand.UnitsOf(tile, rows.Rows, rows.Columns);
        operand = default;
        if (units * sizeof(uint) > MostBytes)
        {
            return false;
        }

        int index = Find(rows);
        if (index >= 0 && _copies[index].Version == rows.Version && _copies[index].Operand.Tile == tile)
        {
            Reused++;
        }
        else
        {
            index = index >= 0 ? index : 1 - _latest;
            Free(index);
            float* memory = arena.Allocate(units);
            _copies[index] = new Copy
            {
                Tensor = rows.Owner,
                IsGradient = rows.IsGradient,
                Version = rows.Version,
                Memory = memory,
                Units = units,
                Operand = BFloat16Operand.Pack(tile, rows.Data, rows.Columns, rows.Rows, 0, rows.Columns, (uint*)memory),
            };
        }

        _latest = index;
        operand = _copies[index].Operand;
        return true;
    }

    /// <summary>Frees the copies of a tensor and of its gradient.</summary>
    /// <param name="tensor">The tensor.</param>
    public void Release(Tensor tensor)
    {
        for (int i = 0; i < _copies.Length; i++)
        {
            if (ReferenceEquals(_copies[i].Tensor, tensor))
            {
                Free(i);
            }
        }
    }

    /// <summary>Frees all copies.</summary>
    public void ReleaseAll()
    {
        Free(0);
        Free(1);
    }

    /// <summary>Forgets all copies whose memory the arena has taken back.</summary>
    public void Forget() => Array.Clear(_copies);

    private int Find(in RowOperand rows)
    {
        for (int i = 0; i < _copies.Length; i++)
        {
            if (ReferenceEquals(_copies[i].Tensor, rows.Owner) && _copies[i].IsGradient == rows.IsGradient)
            {
                return i;
            }
        }

        return -1;
    }

    private void Free(int index)
    {
        if (_copies[index].Tensor is not null)
        {
            arena.Free(_copies[index].Memory, _copies[index].Units);
            _copies[index] = default;
            _latest = index == _latest ? 1 - index : _latest; // So the next copy is put here.
        }
    }

    private struct Copy
    {
        public Tensor? Tensor;
        public bool IsGradient;
        public long Version;
        public float* Memory;
        public long Units;
        public BFloat16Operand Operand;
    }
}
