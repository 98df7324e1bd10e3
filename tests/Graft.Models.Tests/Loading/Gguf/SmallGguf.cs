using System.Runtime.InteropServices;
using Graft.Formats.Tests;
using Graft.Tensors;

namespace Graft.Models.Tests.Loading;

/// <summary>Writes the weights of a <see cref="SmallModel"/> as llama.cpp's converter would.</summary>
internal sealed unsafe class SmallGguf
{
    private readonly List<(string Name, uint Type, int[] Shape, byte[] Bytes)> _tensors = [];
    private readonly Dictionary<string, (uint Type, byte[] Value)> _metadata = [];

    public SmallGguf(string architecture)
    {
        Architecture = architecture;
        _metadata["general.architecture"] = (8, GgufBytes.Text(architecture));
    }

    public string Architecture { get; }

    public IEnumerable<string> Names => _tensors.Select(tensor => tensor.Name);

    /// <summary>A number under a key of the architecture.</summary>
    public SmallGguf Number(string key, int value)
    {
        _metadata[$"{Architecture}.{key}"] = (4, BitConverter.GetBytes(value));
        return this;
    }

    /// <summary>A fraction under a key of the architecture.</summary>
    public SmallGguf Fraction(string key, float value)
    {
        _metadata[$"{Architecture}.{key}"] = (6, BitConverter.GetBytes(value));
        return this;
    }

    /// <summary>A text under a key of the architecture.</summary>
    public SmallGguf Text(string key, string value)
    {
        _metadata[$"{Architecture}.{key}"] = (8, GgufBytes.Text(value));
        return this;
    }

    /// <summary>A byte-level tokenizer of so many tokens.</summary>
    public SmallGguf Tokenizer(int tokens)
    {
        _metadata["tokenizer.ggml.model"] = (8, GgufBytes.Text("gpt2"));
        _metadata["tokenizer.ggml.tokens"] = (9, GgufBytes.Array(8, (ulong)tokens, [.. Enumerable.Range(0, tokens).SelectMany(i => GgufBytes.Text($"t{i}"))]));
        _metadata["tokenizer.ggml.merges"] = (9, GgufBytes.Array(8, 0));
        return this;
    }

    /// <summary>A byte-level tokenizer; the first <paramref name="special"/> tokens are control tokens.</summary>
    public SmallGguf Vocabulary(IReadOnlyList<string> tokens, IReadOnlyList<string> merges, int special, int eos)
    {
        _metadata["tokenizer.ggml.model"] = (8, GgufBytes.Text("gpt2"));
        _metadata["tokenizer.ggml.tokens"] = (9, GgufBytes.Array(8, (ulong)tokens.Count, [.. tokens.SelectMany(GgufBytes.Text)]));
        _metadata["tokenizer.ggml.token_type"] = (9, GgufBytes.Array(5, (ulong)tokens.Count, [.. tokens.SelectMany((_, i) => BitConverter.GetBytes(i < special ? 3 : 1))]));
        _metadata["tokenizer.ggml.merges"] = (9, GgufBytes.Array(8, (ulong)merges.Count, [.. merges.SelectMany(GgufBytes.Text)]));
        _metadata["tokenizer.ggml.eos_token_id"] = (4, BitConverter.GetBytes(eos));
        return this;
    }

    public SmallGguf Without(string key)
    {
        Assert.True(_metadata.Remove(key) || _tensors.RemoveAll(tensor => tensor.Name == key) == 1);
        return this;
    }

    /// <summary>A tensor in fp32.</summary>
    public SmallGguf Tensor(string name, int[] shape, float[] values)
    {
        _tensors.Add((name, 0, shape, MemoryMarshal.AsBytes<float>(values).ToArray()));
        return this;
    }

    /// <summary>A matrix in blocks; <paramref name="values"/> become what they stand for.</summary>
    public SmallGguf Blocks(string name, uint type, string format, int[] shape, float[] values)
    {
        fixed (float* data = values)
        {
            var view = new WeightView((nint)data, DType.Float32, shape[0], shape[1]);
            BlockMatrix matrix = BlockMatrix.Encode(view, BlockFormat.Find(format)!);
            byte[] bytes = new byte[matrix.ByteLength];
            fixed (byte* target = bytes)
            {
                for (int i = 0; i < shape[0]; i++)
                {
                    matrix.BlockFormat.Encode(data + (i * shape[1]), shape[1] / matrix.BlockFormat.BlockElements, target + (i * (bytes.Length / shape[0])));
                }
            }

            _tensors.Add((name, type, shape, bytes));
            new Parameter(name, shape, matrix).CopyTo(data);
        }

        return this;
    }

    /// <summary>Writes the file.</summary>
    public string Write(string path)
    {
        var file = new GgufBytes();
        foreach ((string key, (uint type, byte[] value)) in _metadata)
        {
            file.Entry(key, type, value);
        }

        var data = new List<byte>();
        foreach ((string name, uint type, int[] shape, byte[] bytes) in _tensors)
        {
            file.Tensor(name, type, (ulong)data.Count, [.. shape.Reverse().Select(size => (ulong)size)]);
            data.AddRange(bytes);
            while (data.Count % 32 != 0)
            {
                data.Add(0);
            }
        }

        File.WriteAllBytes(path, file.ToArray([.. data]));
        return path;
    }
}
