namespace Graft.Tensors.Kernels;

/// <summary>An <see cref="Threading.IParallelJob"/> that is written once for all instruction sets.</summary>
internal interface ILaneJob
{
    /// <summary>Runs one part.</summary>
    /// <typeparam name="TLanes">Lanes of the instruction set in use.</typeparam>
    /// <param name="part">Index of the part, from 0.</param>
    void Execute<TLanes>(int part)
        where TLanes : struct, ILanes<TLanes>;
}
