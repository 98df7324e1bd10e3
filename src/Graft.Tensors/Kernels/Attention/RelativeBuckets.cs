namespace Graft.Tensors;

/// <summary>Which distances share a learned bias (Raffel et al. 2020): each near one has its own, farther ones share more and more.</summary>
public sealed class RelativeBuckets
{
    private readonly int _exact;
    private readonly int _perDirection;
    private readonly double _logarithmOfRange;

    /// <summary>Buckets of one stack of layers.</summary>
    /// <param name="count">Number of buckets: <c>relative_attention_num_buckets</c>.</param>
    /// <param name="maximumDistance">Distances from here on share the last bucket: <c>relative_attention_max_distance</c>.</param>
    /// <param name="bidirectional">Encoder: half of the buckets are for keys after the query. Decoder: all are for keys before it.</param>
    /// <exception cref="ArgumentException">Too few buckets, or a maximum within the exact ones.</exception>
    public RelativeBuckets(int count, int maximumDistance, bool bidirectional)
    {
        Count = count;
        Bidirectional = bidirectional;
        _perDirection = bidirectional ? count / 2 : count;
        _exact = _perDirection / 2;
        if (_exact < 1 || maximumDistance <= _exact)
        {
            throw new ArgumentException(
                $"{count} relative position buckets up to distance {maximumDistance} are not possible: at least {(bidirectional ? 4 : 2)} are needed, and a distance of more than {Math.Max(_exact, 1)}");
        }

        _logarithmOfRange = Math.Log(maximumDistance / (double)_exact);
    }

    /// <summary>Number of buckets.</summary>
    public int Count { get; }

    /// <summary>Whether keys after the query have buckets of their own.</summary>
    public bool Bidirectional { get; }

    /// <summary>The bucket of a distance.</summary>
    /// <param name="distance">Position of the query minus that of the key.</param>
    public int Of(int distance)
    {
        int direction = Bidirectional && distance < 0 ? _perDirection : 0;
        int apart = Bidirectional ? Math.Abs(distance) : Math.Max(distance, 0);
        if (apart < _exact)
        {
            return direction + apart;
        }

        int beyond = (int)(Math.Log(apart / (double)_exact) / _logarithmOfRange * (_perDirection - _exact));
        return direction + Math.Min(_exact + beyond, _perDirection - 1);
    }
}
