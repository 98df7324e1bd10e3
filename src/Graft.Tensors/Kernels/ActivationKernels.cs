using Graft.Tensors.Threading;

namespace Graft.Tensors.Kernels;

/// <summary>Activations and their derivatives over one stretch of memory.</summary>
internal static unsafe class ActivationKernels
{
    private const int PartLength = 16 * 1024;

    private enum Step
    {
        Forward,
        Backward,
        GatedForward,
        GatedBackwardUp,
        GatedBackwardGate,
    }

    /// <summary><c>y = f(x)</c>.</summary>
    public static void Forward(ActivationKind kind, float* x, float* y, long count)
        => Run(new Job { Step = Step.Forward, Kind = kind, X = x, Destination = y, Count = count });

    /// <summary><c>dx (+)= dy f'(x)</c>; dx may be dy.</summary>
    public static void Backward(ActivationKind kind, float* x, float* dy, float* dx, long count, bool accumulate)
        => Run(new Job { Step = Step.Backward, Kind = kind, X = x, Dy = dy, Destination = dx, Count = count, Accumulate = accumulate });

    /// <summary><c>y = f(gate) up</c>.</summary>
    public static void GatedForward(ActivationKind kind, float* gate, float* up, float* y, long count)
        => Run(new Job { Step = Step.GatedForward, Kind = kind, X = gate, Up = up, Destination = y, Count = count });

    /// <summary><c>dup (+)= dy f(gate)</c>.</summary>
    public static void GatedBackwardUp(ActivationKind kind, float* gate, float* dy, float* dup, long count, bool accumulate)
        => Run(new Job { Step = Step.GatedBackwardUp, Kind = kind, X = gate, Dy = dy, Destination = dup, Count = count, Accumulate = accumulate });

    /// <summary><c>dgate (+)= dy up f'(gate)</c>; dgate may be dy.</summary>
    public static void GatedBackwardGate(ActivationKind kind, float* gate, float* up, float* dy, float* dgate, long count, bool accumulate)
        => Run(new Job { Step = Step.GatedBackwardGate, Kind = kind, X = gate, Up = up, Dy = dy, Destination = dgate, Count = count, Accumulate = accumulate });

    private static void Run(Job job) => WorkerPool.Shared.Run((int)((job.Count + PartLength - 1) / PartLength), ref job);

    private static float Value(ActivationKind kind, float x) => kind switch
    {
        ActivationKind.Relu => Math.Max(x, 0),
        ActivationKind.Gelu => 0.5f * x * (1 + Erf(x * 0.70710678f)),
        ActivationKind.GeluTanh => 0.5f * x * (1 + MathF.Tanh(0.79788456f * x * (1 + (0.044715f * x * x)))),
        ActivationKind.QuickGelu => x / (1 + MathF.Exp(-1.702f * x)),
        ActivationKind.Silu => x / (1 + MathF.Exp(-x)),
        ActivationKind.Tanh => MathF.Tanh(x),
        ActivationKind.Sigmoid => 1 / (1 + MathF.Exp(-x)),
        ActivationKind.Relu2 => Math.Max(x, 0) * Math.Max(x, 0),
        _ => x,
    };

    private static float Derivative(ActivationKind kind, float x)
    {
        switch (kind)
        {
            case ActivationKind.Relu:
                return x > 0 ? 1 : 0;
            case ActivationKind.Gelu:
                return (0.5f * (1 + Erf(x * 0.70710678f))) + (x * 0.39894228f * MathF.Exp(-0.5f * x * x));
            case ActivationKind.GeluTanh:
                float t = MathF.Tanh(0.79788456f * x * (1 + (0.044715f * x * x)));
                return (0.5f * (1 + t)) + (0.5f * x * (1 - (t * t)) * 0.79788456f * (1 + (3 * 0.044715f * x * x)));
            case ActivationKind.QuickGelu:
                float q = 1 / (1 + MathF.Exp(-1.702f * x));
                return q * (1 + (1.702f * x * (1 - q)));
            case ActivationKind.Silu:
                float s = 1 / (1 + MathF.Exp(-x));
                return s * (1 + (x * (1 - s)));
            case ActivationKind.Tanh:
                float h = MathF.Tanh(x);
                return 1 - (h * h);
            case ActivationKind.Sigmoid:
                float g = 1 / (1 + MathF.Exp(-x));
                return g * (1 - g);
            case ActivationKind.Relu2:
                return 2 * Math.Max(x, 0);
            default:
                return 1;
        }
    }

    /// <summary>Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.</summary>
    private static float Erf(float value)
    {
        double x = Math.Abs((double)value);
        double t = 1 / (1 + (0.3275911 * x));
        double polynomial = t * (0.254829592 + (t * (-0.284496736 + (t * (1.421413741 + (t * (-1.453152027 + (t * 1.061405429))))))));
        return (float)Math.CopySign(1 - (polynomial * Math.Exp(-x * x)), value);
    }

    private struct Job : IParallelJob
    {
        public Step Step;
        public ActivationKind Kind;
        public float* X, Up, Dy, Destination;
        public long Count;
        public bool Accumulate;

        public readonly void Execute(int part)
        {
            long end = Math.Min(Count, ((long)part + 1) * PartLength);
            for (long i = (long)part * PartLength; i < end; i++)
            {
                float value = Step switch
                {
                    Step.Forward => Value(Kind, X[i]),
                    Step.Backward => Dy[i] * Derivative(Kind, X[i]),
                    Step.GatedForward => Value(Kind, X[i]) * Up[i],
                    Step.GatedBackwardUp => Dy[i] * Value(Kind, X[i]),
                    _ => Dy[i] * Up[i] * Derivative(Kind, X[i]),
                };
                Destination[i] = Accumulate ? Destination[i] + value : value;
            }
        }
    }
}
