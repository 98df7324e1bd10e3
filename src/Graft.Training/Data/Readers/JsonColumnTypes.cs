using System.Numerics;

namespace Graft.Training.Data;

/// <summary>
/// Gives columns of numbers one type: where one value is a float, all are, as in the columns of <c>datasets</c>.
/// Columns of mixed kinds and objects with differing keys stay as written.
/// </summary>
internal static class JsonColumnTypes
{
    /// <summary>Converts every column of <paramref name="rows"/>.</summary>
    public static void Apply(RowCollector rows)
    {
        for (int column = 0; column < rows.Columns.Names.Count; column++)
        {
            var shape = new JsonShape();
            foreach (Row row in rows.Rows)
            {
                shape.Observe(row[column]);
            }

            if (!shape.HasWork)
            {
                continue;
            }

            foreach (Row row in rows.Rows)
            {
                if (row[column] is { } value)
                {
                    row[column] = shape.Convert(value);
                }
            }
        }
    }

    /// <summary>What kinds of value one place of a column holds.</summary>
    private sealed class JsonShape
    {
        private bool _integers;
        private bool _floats;
        private bool _texts;
        private bool _bools;
        private bool _keysDiffer;
        private JsonShape? _element;
        private Dictionary<string, JsonShape>? _fields;

        /// <summary>Whether <see cref="Convert"/> would change anything.</summary>
        public bool HasWork => !IsMixed && ((_integers && _floats) || _element is { HasWork: true } || (!_keysDiffer && _fields is not null && _fields.Values.Any(shape => shape.HasWork)));

        private bool IsMixed => Number(_integers || _floats) + Number(_texts) + Number(_bools) + Number(_element is not null) + Number(_fields is not null) > 1;

        /// <summary>Takes note of a value.</summary>
        public void Observe(object? value)
        {
            switch (value)
            {
                case long or BigInteger:
                    _integers = true;
                    break;
                case double:
                    _floats = true;
                    break;
                case string:
                    _texts = true;
                    break;
                case bool:
                    _bools = true;
                    break;
                case List<object?> list:
                    _element ??= new JsonShape();
                    list.ForEach(_element.Observe);
                    break;
                case OrderedDictionary<string, object?> values:
                    ObserveFields(values);
                    break;
            }
        }

        /// <summary>The value in the column's type; lists and objects are changed in place.</summary>
        public object? Convert(object? value)
        {
            if (!HasWork)
            {
                return value;
            }

            switch (value)
            {
                case long integer:
                    return (double)integer;
                case BigInteger integer:
                    return (double)integer;
                case List<object?> list:
                    for (int i = 0; i < list.Count; i++)
                    {
                        list[i] = _element!.Convert(list[i]);
                    }

                    return list;
                case OrderedDictionary<string, object?> values:
                    for (int i = 0; i < values.Count; i++)
                    {
                        (string name, object? field) = values.GetAt(i);
                        values.SetAt(i, _fields![name].Convert(field));
                    }

                    return values;
                default:
                    return value;
            }
        }

        private static int Number(bool value) => value ? 1 : 0;

        private void ObserveFields(OrderedDictionary<string, object?> values)
        {
            if (_fields is null)
            {
                _fields = new Dictionary<string, JsonShape>(StringComparer.Ordinal);
                foreach (string name in values.Keys)
                {
                    _fields.Add(name, new JsonShape());
                }
            }
            else if (_fields.Count != values.Count || !values.Keys.All(_fields.ContainsKey))
            {
                _keysDiffer = true;
            }

            if (_keysDiffer)
            {
                return;
            }

            foreach ((string name, object? field) in values)
            {
                _fields[name].Observe(field);
            }
        }
    }
}
