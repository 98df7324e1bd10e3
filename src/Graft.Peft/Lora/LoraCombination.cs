using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Joins LoRA adapters into one whose rank and alpha are equal, so that its scaling is 1.</summary>
/// <remarks>With w' the weight times the adapter's scaling, a factor takes √|w'| and A the sign besides: in sums of factors, products of different adapters appear.</remarks>
internal sealed class LoraCombination
{
    private readonly IReadOnlyList<Adapter> _sources;
    private readonly WeightedCombination _options;
    private readonly AdapterContext _context;
    private readonly int _rank;

    /// <summary>Checks that the adapters can be joined.</summary>
    /// <exception cref="ArgumentException">Their ranks or targets do not go together.</exception>
    /// <exception cref="NotSupportedException">One of them has more than A and B.</exception>
    public LoraCombination(IReadOnlyList<Adapter> sources, WeightedCombination options, AdapterContext context)
    {
        // One adapter alone only changes its scale.
        (_sources, _options, _context) = (sources, sources.Count == 1 ? options with { CombinationType = "linear" } : options, context);
        foreach (Adapter source in sources)
        {
            RequirePlain(source);
        }

        _rank = Rank([.. sources.Select(source => (LoraConfig)source.Config)]);
    }

    /// <summary>The new adapter.</summary>
    public Adapter Create()
    {
        LoraConfig[] configs = [.. _sources.Select(source => (LoraConfig)source.Config)];
        LoraConfig config = configs[0] with
        {
            R = _rank,
            LoraAlpha = _rank,
            RankPattern = new Dictionary<string, int>(),
            AlphaPattern = new Dictionary<string, double>(),
            UseRslora = false,
            TargetModules = ModuleSelection.Union([.. configs.Select(config => config.TargetModules)], "target_modules"),
        };
        Adapter result = AdapterBuilder.Build(config, _context with { Seed = null });
        foreach (AdapterPart part in result.Parts)
        {
            (Parameter a, Parameter b) = Factors(part)!.Value;
            Source[] sources = [.. _sources.Select((adapter, i) => Find(adapter, part.ModuleName, _options.Weights[i])).OfType<Source>()];
            (float[] newA, float[] newB) = Combine(sources, part.ModuleName, a.Shape[1], b.Shape[0]);
            StoredValues.Write(a, 0, newA);
            StoredValues.Write(b, 0, newB);
        }

        return result;
    }

    private (float[] A, float[] B) Combine(Source[] sources, string module, int inFeatures, int outFeatures)
    {
        if (_options.IsOfProducts)
        {
            return Split(_options.CombinationType == "svd" ? OfProducts(sources, inFeatures, outFeatures) : OfPrunedProducts(sources, module, inFeatures, outFeatures), inFeatures, outFeatures);
        }

        if (_options.CombinationType == "cat")
        {
            return Concatenate(sources, inFeatures, outFeatures);
        }

        if (sources.FirstOrDefault(source => source.Rank != _rank) is { } other)
        {
            throw new ArgumentException($"{module} has rank {other.Rank} in one adapter and {_rank} is wanted: '{_options.CombinationType}' adds factors, which must be of one size; cat and svd take any");
        }

        float[] roots = [.. sources.Select(source => MathF.Sqrt(MathF.Abs(source.Weight)))];
        float[] signed = [.. roots.Zip(sources, (root, source) => source.Weight < 0 ? -root : root)];
        return (TaskArithmetic.Combine([.. sources.Select(source => source.A)], signed, _options, KeyOf(module, "lora_A")),
            TaskArithmetic.Combine([.. sources.Select(source => source.B)], roots, _options, KeyOf(module, "lora_B")));
    }

    /// <summary>All ranks side by side: the exact sum. Rows are left over where an adapter has smaller ranks on this layer.</summary>
    private (float[] A, float[] B) Concatenate(Source[] sources, int inFeatures, int outFeatures)
    {
        float[] a = new float[_rank * inFeatures];
        float[] b = new float[outFeatures * _rank];
        int first = 0;
        foreach (Source source in sources)
        {
            for (int i = 0; i < source.A.Length; i++)
            {
                a[(first * inFeatures) + i] = source.Weight * source.A[i];
            }

            for (int row = 0; row < outFeatures; row++)
            {
                source.B.AsSpan(row * source.Rank, source.Rank).CopyTo(b.AsSpan((row * _rank) + first));
            }

            first += source.Rank;
        }

        return (a, b);
    }

    private static SingularValues OfProducts(Source[] sources, int inFeatures, int outFeatures)
    {
        double[][] b = [.. sources.SelectMany(source => Enumerable.Range(0, source.Rank).Select(k => Enumerable.Range(0, outFeatures).Select(row => (double)source.Weight * source.B[(row * source.Rank) + k]).ToArray()))];
        double[][] a = [.. sources.SelectMany(source => Enumerable.Range(0, source.Rank).Select(k => source.A.AsSpan(k * inFeatures, inFeatures).ToArray().Select(value => (double)value).ToArray()))];
        return SingularValues.OfProduct(b, a);
    }

    /// <summary>Pruned products have full rank: the whole matrix is decomposed.</summary>
    private SingularValues OfPrunedProducts(Source[] sources, string module, int inFeatures, int outFeatures)
    {
        float[][] products = [.. sources.Select(source => source.Product(inFeatures, outFeatures))];
        float[] sum = TaskArithmetic.Combine(products, [.. sources.Select(source => (float)source.PlainWeight)], _options, KeyOf(module, "product"));
        return SingularValues.Of([.. Enumerable.Range(0, inFeatures).Select(column => Enumerable.Range(0, outFeatures).Select(row => (double)sum[(row * inFeatures) + column]).ToArray())]);
    }

    /// <summary>B takes the singular values.</summary>
    private (float[] A, float[] B) Split(SingularValues values, int inFeatures, int outFeatures)
    {
        float[] a = new float[_rank * inFeatures];
        float[] b = new float[outFeatures * _rank];
        for (int k = 0; k < Math.Min(_rank, values.S.Length); k++)
        {
            for (int column = 0; column < inFeatures; column++)
            {
                a[(k * inFeatures) + column] = (float)values.V[k][column];
            }

            for (int row = 0; row < outFeatures; row++)
            {
                b[(row * _rank) + k] = (float)(values.U[k][row] * values.S[k]);
            }
        }

        return (a, b);
    }

    private int Rank(LoraConfig[] configs)
    {
        int[] largest = [.. configs.Select(config => config.RankPattern.Values.Append(config.R).Max())];
        if (_options.CombinationType == "cat")
        {
            return largest.Sum();
        }

        if (_options.IsOfProducts)
        {
            return _options.SvdRank ?? largest.Max();
        }

        return configs.Select(config => config.R).Distinct().Count() == 1
            ? configs[0].R
            : throw new ArgumentException($"combination_type '{_options.CombinationType}' needs adapters of one rank, but they have {string.Join(", ", configs.Select(config => config.R))}; cat and svd take any");
    }

    /// <summary>Embeddings that were saved with an adapter are in the base model already.</summary>
    private static void RequirePlain(Adapter adapter)
    {
        var config = (LoraConfig)adapter.Config;
        string? more = config.UseDora ? "use_dora" : config.LoraBias ? "lora_bias" : config.Bias != "none" ? "bias" : config.ModulesToSave is { Count: > 0 } ? "modules_to_save"
            : config.TrainableTokenIndices is not null ? "trainable_token_indices" : null;
        if (more is not null)
        {
            throw new NotSupportedException($"adapter '{adapter.Name}' has {more}, which cannot be combined: only the low-rank updates can");
        }
    }

    private ulong KeyOf(string module, string tensor) => (_context with { Seed = _options.Seed }).KeyOf($"{module}.{tensor}");

    private static (Parameter A, Parameter B)? Factors(AdapterPart part) => part switch
    {
        LoraLinearPart linear => (linear.A, linear.B),
        LoraEmbeddingPart embedding => (embedding.A, embedding.B),
        _ => null,
    };

    private static Source? Find(Adapter adapter, string module, double weight)
    {
        AdapterPart? part = adapter.Parts.FirstOrDefault(part => part.ModuleName == module && Factors(part) is not null);
        if (part is null)
        {
            return null;
        }

        (Parameter A, Parameter B) factors = Factors(part)!.Value;
        double scaling = adapter.Scale * (part is LoraLinearPart linear ? linear.Scaling : ((LoraEmbeddingPart)part).Scaling);
        return new Source(factors.A.ToArray(), factors.B.ToArray(), factors.A.Shape[0], weight, scaling);
    }

    /// <summary>What one adapter does to one layer.</summary>
    private sealed record Source(float[] A, float[] B, int Rank, double PlainWeight, double Scaling)
    {
        /// <summary>The weight, the scaling included.</summary>
        public float Weight => (float)(PlainWeight * Scaling);

        /// <summary>s B A, [out, in].</summary>
        public float[] Product(int inFeatures, int outFeatures)
        {
            float[] product = new float[outFeatures * inFeatures];
            for (int row = 0; row < outFeatures; row++)
            {
                for (int column = 0; column < inFeatures; column++)
                {
                    double sum = 0;
                    for (int k = 0; k < Rank; k++)
                    {
                        sum += (double)B[(row * Rank) + k] * A[(k * inFeatures) + column];
                    }

                    product[(row * inFeatures) + column] = (float)(Scaling * sum);
                }
            }

            return product;
        }
    }
}
