using System.Numerics;
using System.Runtime.CompilerServices;

namespace Graft.Training.Optimizers.Lanes;

/// <summary>A lane as wide as the machine's vector register.</summary>
internal readonly unsafe struct WideLane(Vector<float> value) : ILane<WideLane>
{
    private readonly Vector<float> _value = value;

    public static int Width => Vector<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Load(float* source) => new(Vector.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Broadcast(float value) => new(new Vector<float>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane operator +(WideLane left, WideLane right) => new(left._value + right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane operator -(WideLane left, WideLane right) => new(left._value - right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane operator *(WideLane left, WideLane right) => new(left._value * right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane operator *(WideLane left, float right) => new(left._value * right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane operator /(WideLane left, WideLane right) => new(left._value / right._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Sqrt(WideLane value) => new(Vector.SquareRoot(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Abs(WideLane value) => new(Vector.Abs(value._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Max(WideLane left, WideLane right) => new(Vector.Max(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane Min(WideLane left, WideLane right) => new(Vector.Min(left._value, right._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLane BySign(WideLane value, WideLane positive, WideLane negative, WideLane zero)
    {
        Vector<float> notPositive = Vector.ConditionalSelect(Vector.LessThan(value._value, Vector<float>.Zero), negative._value, zero._value);
        return new(Vector.ConditionalSelect(Vector.GreaterThan(value._value, Vector<float>.Zero), positive._value, notPositive));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => _value.Store(target);
}
