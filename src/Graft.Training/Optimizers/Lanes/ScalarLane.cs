using System.Runtime.CompilerServices;

namespace Graft.Training.Optimizers.Lanes;

/// <summary>A lane of one float: the reference, and the tail of every tile.</summary>
internal readonly unsafe struct ScalarLane(float value) : ILane<ScalarLane>
{
    private readonly float _value = value;

    public static int Width => 1;

    public static ScalarLane Load(float* source) => new(*source);

    public static ScalarLane Broadcast(float value) => new(value);

    public static ScalarLane operator +(ScalarLane left, ScalarLane right) => new(left._value + right._value);

    public static ScalarLane operator -(ScalarLane left, ScalarLane right) => new(left._value - right._value);

    public static ScalarLane operator *(ScalarLane left, ScalarLane right) => new(left._value * right._value);

    public static ScalarLane operator *(ScalarLane left, float right) => new(left._value * right);

    public static ScalarLane operator /(ScalarLane left, ScalarLane right) => new(left._value / right._value);

    public static ScalarLane Sqrt(ScalarLane value) => new(MathF.Sqrt(value._value));

    public static ScalarLane Abs(ScalarLane value) => new(MathF.Abs(value._value));

    public static ScalarLane Max(ScalarLane left, ScalarLane right) => new(MathF.Max(left._value, right._value));

    public static ScalarLane Min(ScalarLane left, ScalarLane right) => new(MathF.Min(left._value, right._value));

    public static ScalarLane BySign(ScalarLane value, ScalarLane positive, ScalarLane negative, ScalarLane zero)
        => value._value > 0 ? positive : value._value < 0 ? negative : zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => *target = _value;
}
