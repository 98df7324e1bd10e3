using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Graft.Conformance;

/// <summary>
/// The fp32 arrays of a case's safetensors file. A reader of its own, so that what a case expects does not depend on the code
/// under test.
/// </summary>
public sealed class ExpectedArrays
{
    private readonly byte[] _bytes;
    private readonly Dictionary<string, (int[] Shape, int Begin, int End)> _arrays = [];

    private ExpectedArrays(byte[] bytes)
    {
        _bytes = bytes;
        int header = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        using JsonDocument document = JsonDocument.Parse(bytes.AsMemory(sizeof(ulong), header));
        foreach (JsonProperty entry in document.RootElement.EnumerateObject())
        {
            if (entry.Name != "__metadata__" && entry.Value.GetProperty("dtype").GetString() == "F32")
            {
                JsonElement range = entry.Value.GetProperty("data_offsets");
                int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(extent => extent.GetInt32())];
                int start = sizeof(ulong) + header;
                _arrays.Add(entry.Name, (shape, start + range[0].GetInt32(), start + range[1].GetInt32()));
            }
        }
    }

    /// <summary>Names of all fp32 arrays.</summary>
    public IEnumerable<string> Names => _arrays.Keys;

    /// <summary>The file that <paramref name="case"/> names by <paramref name="property"/>.</summary>
    public static ExpectedArrays Of(ConformanceCase @case, string property = "tensors") => new(File.ReadAllBytes(@case.PathOf(property)));

    /// <summary>Whether there is an fp32 array of that name.</summary>
    public bool Has(string name) => _arrays.ContainsKey(name);

    /// <summary>The values, row-major.</summary>
    public float[] this[string name]
    {
        get
        {
            (_, int begin, int end) = _arrays.TryGetValue(name, out var found) ? found : throw new MismatchException($"the case has no array '{name}'");
            return MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(begin, end - begin)).ToArray();
        }
    }

    /// <summary>The shape of an array.</summary>
    public int[] ShapeOf(string name) => _arrays[name].Shape;
}
