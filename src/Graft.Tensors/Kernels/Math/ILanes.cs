namespace Graft.Tensors.Kernels;

/// <summary>Sixteen single-precision lanes, in as many registers as the instruction set needs: what kernels are written with.</summary>
/// <remarks>
/// Sixteen everywhere, so a kernel is written once, sums in the same order and gives the same bits on every instruction set. All operations
/// round once and treat NaN alike. A mask is a vector whose lanes have all bits set or none. The operations on bits take the lanes as
/// unsigned 32-bit numbers.
/// </remarks>
/// <typeparam name="TSelf">The implementing type.</typeparam>
internal unsafe interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    /// <summary>Sixteen consecutive numbers.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>The same number in all lanes.</summary>
    static abstract TSelf Broadcast(float value);

    /// <summary>Lane by lane sum.</summary>
    static abstract TSelf operator +(TSelf a, TSelf b);

    /// <summary>Lane by lane difference.</summary>
    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>Lane by lane product.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    /// <summary>Lane by lane quotient.</summary>
    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary><c>a * b + c</c>, rounded once.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The magnitudes.</summary>
    static abstract TSelf Abs(TSelf value);

    /// <summary>The mask of the lanes where a is greater; not where either is NaN.</summary>
    static abstract TSelf GreaterThan(TSelf a, TSelf b);

    /// <summary>Lanes of a where the mask is set, of b elsewhere.</summary>
    static abstract TSelf Select(TSelf mask, TSelf a, TSelf b);

    /// <summary>Adds the low nine bits of the other operand's bits to sign and exponent: times <c>2^n</c> where those bits are n.</summary>
    static abstract TSelf AddExponent(TSelf value, TSelf exponentBits);

    /// <summary>Sum of the lanes: 8 to 15 added to 0 to 7, then 4 to 7 to 0 to 3, and so on.</summary>
    static abstract float Sum(TSelf value);

    /// <summary>Largest lane, found in the order of <see cref="Sum"/>; of two the second where the first is not greater.</summary>
    static abstract float Max(TSelf value);

    /// <summary>The same bits in all lanes.</summary>
    static abstract TSelf BroadcastBits(uint value);

    /// <summary>The numbers of the lanes, 0 to 15, plus <paramref name="first"/>, as bits.</summary>
    static abstract TSelf CountFrom(uint first);

    /// <summary>Exclusive or.</summary>
    static abstract TSelf Xor(TSelf a, TSelf b);

    /// <summary>The upper and lower halves of the 64-bit products of bits.</summary>
    static abstract void MultiplyBits(TSelf a, uint factor, out TSelf high, out TSelf low);

    /// <summary>The value where the bits, an unsigned number, are at least the threshold; zero elsewhere.</summary>
    static abstract TSelf WhereAtLeast(TSelf bits, uint threshold, TSelf value);

    /// <summary>The upper 24 of the bits, an unsigned number, as a number: exact.</summary>
    static abstract TSelf FromUpperBits(TSelf bits);

    /// <summary>A positive normal number as <c>mantissa · 2^exponent</c>, the mantissa in [1, 2).</summary>
    static abstract TSelf Exponent(TSelf value, out TSelf mantissa);

    /// <summary>Lane by lane square root.</summary>
    static abstract TSelf SquareRoot(TSelf value);

    /// <summary>Writes the lanes to sixteen consecutive numbers.</summary>
    void Store(float* destination);
}
