using Graft.Tensors;

namespace Graft.Models;

/// <summary>New weights for a model that is trained from scratch, or measured.</summary>
public sealed unsafe class RandomWeights : WeightSource
{
    private readonly ulong _seed;
    private readonly float _deviation;
    private readonly DType _dtype;

    /// <summary>Weights that are a function of the seed and their names.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="deviation">Standard deviation of matrices and embeddings.</param>
    /// <param name="dtype">How they are stored.</param>
    public RandomWeights(ulong seed, float deviation, DType dtype = DType.Float32)
    {
        _seed = seed;
        _deviation = deviation;
        _dtype = dtype;
    }

    /// <inheritdoc/>
    public override bool Has(string name) => false;

    /// <inheritdoc/>
    public override bool AreEqual(string first, string second) => false;

    /// <inheritdoc/>
    public override Parameter Take(string name, WeightRole role, int[] shape)
    {
        Parameter parameter = Parameter.Create(name, shape);
        switch (role)
        {
            case WeightRole.NormWeight:
                parameter.Values.Fill(1);
                break;
            case WeightRole.Matrix or WeightRole.Embedding:
                CounterRandom.FillNormal(parameter.Values, CounterRandom.Derive(_seed, StableHash(name)), 0, _deviation);
                break;
        }

        if (_dtype == DType.BFloat16)
        {
            Narrow(parameter);
        }

        return parameter;
    }

    /// <inheritdoc/>
    public override void Finish()
    {
    }

    private static void Narrow(Parameter parameter)
    {
        var memory = new NativeBuffer(parameter.Count * sizeof(ushort));
        float* values = parameter.Singles;
        for (long i = 0; i < parameter.Count; i++)
        {
            ((ushort*)memory.Data)[i] = BFloat16.FromSingle(values[i]);
        }

        parameter.MoveTo((nint)memory.Data, DType.BFloat16, memory);
    }

    /// <summary>FNV-1a: <see cref="string.GetHashCode()"/> differs from run to run.</summary>
    private static ulong StableHash(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        return hash;
    }
}
