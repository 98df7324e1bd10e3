namespace Graft.Training.Optimizers.Lanes;

/// <summary>
/// Some neighbouring floats that go through the same arithmetic: one (<see cref="ScalarLane"/>) or a register full
/// (<see cref="WideLane"/>). Update rules are written once over lanes; every operation is rounded as IEEE 754 says and none is
/// contracted, so both widths give the same bits.
/// </summary>
internal unsafe interface ILane<TSelf>
    where TSelf : struct, ILane<TSelf>
{
    /// <summary>Floats in a lane.</summary>
    static abstract int Width { get; }

    static abstract TSelf Load(float* source);

    static abstract TSelf Broadcast(float value);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, float right);

    static abstract TSelf operator /(TSelf left, TSelf right);

    static abstract TSelf Sqrt(TSelf value);

    static abstract TSelf Abs(TSelf value);

    static abstract TSelf Max(TSelf left, TSelf right);

    static abstract TSelf Min(TSelf left, TSelf right);

    /// <summary>By the sign of <paramref name="value"/>: one of three lanes (NaN takes the one for zero).</summary>
    static abstract TSelf BySign(TSelf value, TSelf positive, TSelf negative, TSelf zero);

    void Store(float* target);
}
