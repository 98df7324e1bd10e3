using Graft.Formats;
using Graft.Tensors;

namespace Graft.Conformance.Runners;

/// <summary><c>gguf-grids</c>: lookup tables of the IQ types, read off blocks that name every entry with a scale of one.</summary>
public sealed unsafe class GgufGridsRunner : ICaseRunner
{
    private static readonly Dictionary<string, Action<byte[], int[]>> Writers = new()
    {
        // Each writes one block of 256 elements whose points are the given ones.
        ["IQ2_XXS"] = (block, points) =>
        {
            PutHalf(block, 0, 8);
            for (int i = 0; i < points.Length; i++)
            {
                block[2 + (8 * (i / 4)) + (i % 4)] = (byte)points[i];
            }
        },
        ["IQ2_XS"] = (block, points) =>
        {
            PutHalf(block, 0, 8);
            for (int i = 0; i < points.Length; i++)
            {
                BitConverter.TryWriteBytes(block.AsSpan(2 + (2 * i)), (ushort)points[i]);
            }
        },
        ["IQ2_S"] = (block, points) =>
        {
            PutHalf(block, 0, 8);
            for (int i = 0; i < points.Length; i++)
            {
                block[2 + i] = (byte)points[i];
                block[66 + (i / 4)] |= (byte)((points[i] >> 8) << (2 * (i % 4)));
            }
        },
        ["IQ3_XXS"] = (block, points) =>
        {
            PutHalf(block, 0, 4);
            for (int i = 0; i < points.Length; i++)
            {
                block[2 + i] = (byte)points[i];
            }
        },
        ["IQ3_S"] = (block, points) =>
        {
            PutHalf(block, 0, 1);
            for (int i = 0; i < points.Length; i++)
            {
                block[2 + i] = (byte)points[i];
                block[66 + (i / 8)] |= (byte)((points[i] >> 8) << (i % 8));
            }
        },
        ["IQ1_S"] = (block, points) =>
        {
            PutHalf(block, 0, 1);
            for (int i = 0; i < points.Length; i++)
            {
                block[2 + i] = (byte)points[i];
                int high = points[i] >> 8 << (3 * (i % 4));
                block[34 + (2 * (i / 4))] |= (byte)high;
                block[35 + (2 * (i / 4))] |= (byte)(high >> 8);
            }
        },
        ["IQ1_M"] = (block, points) =>
        {
            (block[53], block[55]) = (0xC0, 0x30);
            for (int i = 0; i < points.Length; i++)
            {
                block[i] = (byte)points[i];
                block[32 + (i / 2)] |= (byte)((points[i] >> 8) << (4 * (i % 2)));
            }
        },
    };

    /// <inheritdoc/>
    public string Kind => "gguf-grids";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        foreach (TensorEntry expected in file.Tensors)
        {
            float[] actual = expected.Name switch
            {
                "values.IQ4_NL" => Values("IQ4_NL", block => PutHalf(block, 0, 1), 2),
                "values.MXFP4" => Values("MXFP4", block => block[0] = 128, 1),
                "signs.IQ2_XXS" => Signs(),
                _ => Grid(expected.Name["grid.".Length..], (int)expected.Shape[0], (int)expected.Shape[1]),
            };
            Check.Equal(expected.Name, expected.ToSingles(), actual);
        }
    }

    private static float[] Grid(string name, int points, int elements)
    {
        BlockFormat format = BlockFormat.Find(name)!;
        var values = new List<float>();
        int pointsOfBlock = 256 / elements;
        for (int first = 0; first < points; first += pointsOfBlock)
        {
            byte[] block = new byte[format.BlockBytes];
            Writers[name](block, [.. Enumerable.Range(first, pointsOfBlock)]);
            values.AddRange(Decode(format, block));
        }

        return name.StartsWith("IQ1", StringComparison.Ordinal) ? [.. values.Select(value => value - 0.125f)] : [.. values];
    }

    private static float[] Values(string name, Action<byte[]> scale, int codes)
    {
        BlockFormat format = BlockFormat.Find(name)!;
        byte[] block = new byte[format.BlockBytes];
        scale(block);
        for (int i = 0; i < 16; i++)
        {
            block[codes + i] = (byte)i;
        }

        return Decode(format, block)[..16];
    }

    /// <summary>Bit masks of the signs of eight elements, for each of 128 indices.</summary>
    private static float[] Signs()
    {
        BlockFormat format = BlockFormat.Find("IQ2_XXS")!;
        var masks = new List<float>();
        for (uint index = 0; index < 128; index++)
        {
            byte[] block = new byte[format.BlockBytes];
            PutHalf(block, 0, 8);
            BitConverter.TryWriteBytes(block.AsSpan(6), index);
            float[] values = Decode(format, block);
            masks.Add(Enumerable.Range(0, 8).Sum(i => values[i] < 0 ? 1 << i : 0));
        }

        return [.. masks];
    }

    private static float[] Decode(BlockFormat format, byte[] block)
    {
        fixed (byte* data = block)
        {
            return new Parameter("w", [1, format.BlockElements], new BlockMatrix(format, 1, format.BlockElements, data, null)).ToArray();
        }
    }

    private static void PutHalf(byte[] block, int offset, float value) => BitConverter.TryWriteBytes(block.AsSpan(offset), (Half)value);
}
