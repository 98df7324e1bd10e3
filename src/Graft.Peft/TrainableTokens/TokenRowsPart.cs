using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>Trained rows of an embedding, or of a head: they stand in for the rows of a few tokens.</summary>
/// <remarks>The tensor is called a delta in the file, but holds whole rows. A tied head that follows uses the same rows.</remarks>
internal sealed class TokenRowsPart : AdapterPart
{
    private readonly Embedding? _embedding;
    private readonly Linear? _head;
    private readonly int[] _tokens;
    private readonly Dictionary<int, int> _rowOf = [];
    private readonly RowsPlug _rowsPlug;
    private readonly ColumnsPlug _columnsPlug;
    private readonly Parameter _rows;

    /// <summary>Copies the rows of <paramref name="tokens"/>.</summary>
    /// <param name="embedding">The embedding, or null for rows of a head only.</param>
    /// <param name="head">The head that has rows of its own or follows the embedding; null for none.</param>
    /// <param name="tokens">Token ids, in the order of the rows.</param>
    /// <param name="context">The adapter's name.</param>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, or comes twice.</exception>
    public TokenRowsPart(Embedding? embedding, Linear? head, IReadOnlyList<int> tokens, AdapterContext context)
        : base(((Module?)embedding ?? head)!.Name)
    {
        (_embedding, _head, _tokens) = (embedding, head, [.. tokens]);
        WeightSlot slot = embedding?.Weight ?? head!.Weight;
        int vocabulary = slot.Original.Shape[0];
        int features = slot.Original.Shape[1];
        _rows = Parameter.Create("trainable_tokens_delta", _tokens.Length, features);
        for (int i = 0; i < _tokens.Length; i++)
        {
            if ((uint)_tokens[i] >= (uint)vocabulary)
            {
                throw new ArgumentException($"trainable_token_indices: token {_tokens[i]} is outside {ModuleName}, which has {vocabulary} rows");
            }

            if (!_rowOf.TryAdd(_tokens[i], i))
            {
                throw new ArgumentException($"trainable_token_indices: token {_tokens[i]} is listed twice for {ModuleName}");
            }

            StoredValues.Read(slot.Original, (long)_tokens[i] * features, _rows.Values.Slice(i * features, features));
        }

        context.Cast(_rows, slot.Original);
        Parameters = [AdapterParameter.Of(ModuleName, "token_adapter.trainable_tokens_delta", string.Empty, context.Name, "ParameterDict", _rows)];
        (_rowsPlug, _columnsPlug) = (new RowsPlug(this), new ColumnsPlug(this));
    }

    public override IReadOnlyList<AdapterParameter> Parameters { get; }

    public override void Activate(float scale)
    {
        _embedding?.Plugs.Add(_rowsPlug);
        _head?.Plugs.Add(_columnsPlug);
    }

    public override void Deactivate()
    {
        _embedding?.Plugs.Remove(_rowsPlug);
        _head?.Plugs.Remove(_columnsPlug);
    }

    public override void Merge(MergedWeights weights, float scale)
    {
        bool staysTied = _embedding is not null && _head is not null && ReferenceEquals(_embedding.Weight.Original, _head.Weight.Original);
        if (_embedding is not null)
        {
            Store(weights.Writable(_embedding.Weight));
        }

        if (staysTied)
        {
            weights.Put(_head!.Weight, _embedding!.Weight.Original);
        }
        else if (_head is not null)
        {
            Store(weights.Writable(_head.Weight));
        }
    }

    private void Store(Parameter weight)
    {
        float[] values = _rows.ToArray();
        int features = _rows.Shape[1];
        for (int i = 0; i < _tokens.Length; i++)
        {
            MergedWeights.Store(weight, (long)_tokens[i] * features, values.AsSpan(i * features, features), ModuleName);
        }
    }

    private sealed class RowsPlug(TokenRowsPart part) : EmbeddingPlug
    {
        public override Tensor TransformOutput(ForwardContext context, Tensor y)
        {
            Op.TokenRows(context.Tape, context.TokenIds, y, part._rows, part._rowOf, part._embedding!.PaddingId);
            return y;
        }
    }

    private sealed class ColumnsPlug(TokenRowsPart part) : LinearPlug
    {
        public override Tensor TransformOutput(ForwardContext context, Tensor x, Tensor y)
        {
            Op.TokenColumns(context.Tape, x, y, part._rows, part._tokens, part._head!.Bias?.Current);
            return y;
        }
    }
}
