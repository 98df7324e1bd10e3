using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Activations and their derivatives over one stretch of memory.</summary>
internal static unsafe class ActivationKernels
{
    private const int PartLength = 16 * 1024;

    /// <summary><c>y = f(x)</c>.</summary>
    public static void Forward(ActivationKind kind, float* x, float* y, long count)
        => Run(kind, new Product { X = x, Destination = y, Count = count });

    /// <summary><c>dx (+)= dy f'(x)</c>; dx may be dy.</summary>
    public static void Backward(ActivationKind kind, float* x, float* dy, float* dx, long count, bool accumulate)
        => Run(kind, new Product { X = x, First = dy, Destination = dx, Count = count, Accumulate = accumulate, Derivative = true });

    /// <summary><c>y = f(gate) up</c>.</summary>
    public static void GatedForward(ActivationKind kind, float* gate, float* up, float* y, long count)
        => Run(kind, new Product { X = gate, First = up, Destination = y, Count = count });

    /// <summary><c>dup (+)= dy f(gate)</c>.</summary>
    public static void GatedBackwardUp(ActivationKind kind, float* gate, float* dy, float* dup, long count, bool accumulate)
        => Run(kind, new Product { X = gate, First = dy, Destination = dup, Count = count, Accumulate = accumulate });

    /// <summary><c>dgate (+)= dy up f'(gate)</c>; dgate may be dy.</summary>
    public static void GatedBackwardGate(ActivationKind kind, float* gate, float* up, float* dy, float* dgate, long count, bool accumulate)
        => Run(kind, new Product { X = gate, First = dy, Second = up, Destination = dgate, Count = count, Accumulate = accumulate, Derivative = true });

    private static void Run(ActivationKind kind, in Product product)
    {
        int operands = 2 + (product.First == null ? 0 : 1) + (product.Second == null ? 0 : 1) + (product.Accumulate ? 1 : 0);
        OpProfile.Count(0, (double)operands * sizeof(float) * product.Count);
        switch (kind)
        {
            case ActivationKind.Relu: Run<ReluActivation>(product); break;
            case ActivationKind.Gelu: Run<GeluActivation>(product); break;
            case ActivationKind.GeluTanh: Run<GeluTanhActivation>(product); break;
            case ActivationKind.QuickGelu: Run<QuickGeluActivation>(product); break;
            case ActivationKind.Silu: Run<SiluActivation>(product); break;
            case ActivationKind.Tanh: Run<TanhActivation>(product); break;
            case ActivationKind.Sigmoid: Run<SigmoidActivation>(product); break;
            case ActivationKind.Relu2: Run<Relu2Activation>(product); break;
            default: Run<IdentityActivation>(product); break;
        }
    }

    private static void Run<TActivation>(in Product product)
        where TActivation : struct, IActivation
        => Lanes.Run((int)((product.Count + PartLength - 1) / PartLength), new Job<TActivation> { Product = product });

    /// <summary><c>destination (+)= f(x) [first] [second]</c>, or the same with f'; a factor that is null is left out.</summary>
    private struct Product
    {
        public float* X, First, Second, Destination;
        public long Count;
        public bool Accumulate, Derivative;
    }

    private struct Job<TActivation> : ILaneJob
        where TActivation : struct, IActivation
    {
        public Product Product;

        public readonly void Execute<TLanes>(int part)
            where TLanes : struct, ILanes<TLanes>
        {
            long start = (long)part * PartLength;
            int count = (int)Math.Min(PartLength, Product.Count - start);
            float* buffer = stackalloc float[4 * PaddedRow.Padding];
            var x = new PaddedRow(Product.X + start, count, buffer);
            var first = new PaddedRow(Product.First == null ? null : Product.First + start, count, buffer + PaddedRow.Padding);
            var second = new PaddedRow(Product.Second == null ? null : Product.Second + start, count, buffer + (2 * PaddedRow.Padding));
            var destination = new PaddedRow(Product.Destination + start, count, buffer + (3 * PaddedRow.Padding));
            bool accumulate = Product.Accumulate;
            if (Product.Derivative)
            {
                for (int i = 0; i < count; i += Lanes.Count)
                {
                    Finish(TActivation.Derivative(x.Load<TLanes>(i)), i, first, second, destination, accumulate);
                }
            }
            else
            {
                for (int i = 0; i < count; i += Lanes.Count)
                {
                    Finish(TActivation.Value(x.Load<TLanes>(i)), i, first, second, destination, accumulate);
                }
            }

            destination.Flush(count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Finish<TLanes>(TLanes value, int i, PaddedRow first, PaddedRow second, PaddedRow destination, bool accumulate)
            where TLanes : struct, ILanes<TLanes>
        {
            if (!first.IsNull)
            {
                value *= first.Load<TLanes>(i);
            }

            if (!second.IsNull)
            {
                value *= second.Load<TLanes>(i);
            }

            destination.Store(accumulate ? value + destination.Load<TLanes>(i) : value, i);
        }
    }
}
