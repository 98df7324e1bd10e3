namespace Graft.Generation.Processors;

/// <summary>Memory that the processors of one list share, grown to the vocabulary's size at the first call.</summary>
internal sealed class ProcessorScratch
{
    private float[] _values = [];
    private float[] _keys = [];
    private int[] _order = [];
    private bool[] _marks = [];

    public Span<float> Values(int length) => Of(ref _values, length);

    public Span<float> Keys(int length) => Of(ref _keys, length);

    public Span<int> Order(int length) => Of(ref _order, length);

    /// <summary>Marks, all false: whoever sets one clears it again.</summary>
    public Span<bool> Marks(int length) => Of(ref _marks, length);

    private static Span<T> Of<T>(ref T[] array, int length)
    {
        if (array.Length < length)
        {
            array = new T[length];
        }

        return array.AsSpan(0, length);
    }
}
