using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>One activation function and its derivative.</summary>
internal interface IActivation
{
    /// <summary><c>f(x)</c>.</summary>
    static abstract TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>;

    /// <summary><c>f'(x)</c>.</summary>
    static abstract TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>;
}

/// <inheritdoc cref="ActivationKind.Identity"/>
internal readonly struct IdentityActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => TLanes.Broadcast(1);
}

/// <inheritdoc cref="ActivationKind.Relu"/>
internal readonly struct ReluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes zero = TLanes.Broadcast(0);
        return TLanes.Select(TLanes.GreaterThan(zero, x), zero, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes zero = TLanes.Broadcast(0);
        return TLanes.Select(TLanes.GreaterThan(x, zero), TLanes.Broadcast(1), zero);
    }
}

/// <inheritdoc cref="ActivationKind.Relu2"/>
internal readonly struct Relu2Activation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes positive = ReluActivation.Value(x);
        return positive * positive;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes positive = ReluActivation.Value(x);
        return positive + positive;
    }
}

/// <inheritdoc cref="ActivationKind.Gelu"/>
internal readonly struct GeluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * NormalDistribution.Cumulative(x, out _);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes cumulative = NormalDistribution.Cumulative(x, out TLanes density);
        return TLanes.MultiplyAdd(x, density, cumulative);
    }
}

/// <inheritdoc cref="ActivationKind.GeluTanh"/>
/// <remarks><c>(1 + tanh(u)) / 2 = σ(2u)</c>, so it is <c>x σ(2u)</c> with <c>u = √(2/π) (x + 0.044715 x³)</c>.</remarks>
internal readonly struct GeluTanhActivation : IActivation
{
    private const float TwoRootTwoOverPi = 1.5957691f;
    private const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * Gate(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes gate = Gate(x);
        TLanes slope = TLanes.MultiplyAdd(x * x, TLanes.Broadcast(3 * Cubic * TwoRootTwoOverPi), TLanes.Broadcast(TwoRootTwoOverPi));
        return TLanes.MultiplyAdd(x * slope, gate * (TLanes.Broadcast(1) - gate), gate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Gate<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes slope = TLanes.MultiplyAdd(x * x, TLanes.Broadcast(Cubic * TwoRootTwoOverPi), TLanes.Broadcast(TwoRootTwoOverPi));
        return Exponential.Sigmoid(x * slope);
    }
}

/// <inheritdoc cref="ActivationKind.QuickGelu"/>
internal readonly struct QuickGeluActivation : IActivation
{
    private const float Slope = 1.702f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * Exponential.Sigmoid(x * TLanes.Broadcast(Slope));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes argument = x * TLanes.Broadcast(Slope);
        TLanes gate = Exponential.Sigmoid(argument);
        return TLanes.MultiplyAdd(argument, gate * (TLanes.Broadcast(1) - gate), gate);
    }
}

/// <inheritdoc cref="ActivationKind.Silu"/>
internal readonly struct SiluActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => x * Exponential.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes gate = Exponential.Sigmoid(x);
        return TLanes.MultiplyAdd(x, gate * (TLanes.Broadcast(1) - gate), gate);
    }
}

/// <inheritdoc cref="ActivationKind.Tanh"/>
internal readonly struct TanhActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => HyperbolicTangent.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes tanh = HyperbolicTangent.Tanh(x);
        return TLanes.Broadcast(1) - (tanh * tanh);
    }
}

/// <inheritdoc cref="ActivationKind.Sigmoid"/>
internal readonly struct SigmoidActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Value<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
        => Exponential.Sigmoid(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Derivative<TLanes>(TLanes x)
        where TLanes : struct, ILanes<TLanes>
    {
        TLanes gate = Exponential.Sigmoid(x);
        return gate * (TLanes.Broadcast(1) - gate);
    }
}
