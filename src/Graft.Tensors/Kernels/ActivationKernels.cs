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
            long end = Math.Min(Product.Count, ((long)part + 1) * PartLength);
            if (Product.Derivative)
            {
                for (long i = (long)part * PartLength; i < end; i += Lanes.Count)
                {
                    int count = (int)(end - i);
                    Finish(TActivation.Derivative(Lanes.Load<TLanes>(Product.X + i, count)), i, count);
                }
            }
            else
            {
                for (long i = (long)part * PartLength; i < end; i += Lanes.Count)
                {
                    int count = (int)(end - i);
                    Finish(TActivation.Value(Lanes.Load<TLanes>(Product.X + i, count)), i, count);
                }
            }
        }

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
        private readonly void Finish<TLanes>(TLanes value, long i, int count)
            where TLanes : struct, ILanes<TLanes>
        {
            if (Product.First != null)
            {
                value *= Lanes.Load<TLanes>(Product.First + i, count);
            }

            if (Product.Second != null)
            {
                value *= Lanes.Load<TLanes>(Product.Second + i, count);
            }

            if (Product.Accumulate)
            {
                value += Lanes.Load<TLanes>(Product.Destination + i, count);
            }

            Lanes.Store(value, Product.Destination + i, count);
        }
    }
}
