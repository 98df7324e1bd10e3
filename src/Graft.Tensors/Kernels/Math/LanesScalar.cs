using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Sixteen lanes as plain numbers: the reference that defines what the vectors compute.</summary>
[InlineArray(16)]
internal unsafe struct LanesScalar : ILanes<LanesScalar>
{
    private float _first;

    public static LanesScalar Load(float* source)
    {
        LanesScalar result = default;
        new Span<float>(source, 16).CopyTo(result);
        return result;
    }

    public static LanesScalar Broadcast(float value)
    {
        LanesScalar result = default;
        ((Span<float>)result).Fill(value);
        return result;
    }

    public static LanesScalar operator +(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] += b[i];
        }

        return a;
    }

    public static LanesScalar operator -(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] -= b[i];
        }

        return a;
    }

    public static LanesScalar operator *(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] *= b[i];
        }

        return a;
    }

    public static LanesScalar operator /(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] /= b[i];
        }

        return a;
    }

    public static LanesScalar MultiplyAdd(LanesScalar a, LanesScalar b, LanesScalar c)
    {
        for (int i = 0; i < 16; i++)
        {
            c[i] = MathF.FusedMultiplyAdd(a[i], b[i], c[i]);
        }

        return c;
    }

    public static LanesScalar Abs(LanesScalar value)
    {
        for (int i = 0; i < 16; i++)
        {
            value[i] = Math.Abs(value[i]);
        }

        return value;
    }

    public static LanesScalar GreaterThan(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] = BitConverter.UInt32BitsToSingle(a[i] > b[i] ? uint.MaxValue : 0);
        }

        return a;
    }

    public static LanesScalar Select(LanesScalar mask, LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            b[i] = Bits(mask[i]) != 0 ? a[i] : b[i];
        }

        return b;
    }

    public static LanesScalar AddExponent(LanesScalar value, LanesScalar exponentBits)
    {
        for (int i = 0; i < 16; i++)
        {
            value[i] = BitConverter.UInt32BitsToSingle(unchecked(Bits(value[i]) + (Bits(exponentBits[i]) << 23)));
        }

        return value;
    }

    public static float Sum(LanesScalar value)
    {
        for (int half = 8; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                value[i] += value[i + half];
            }
        }

        return value[0];
    }

    public static float Max(LanesScalar value)
    {
        for (int half = 8; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++)
            {
                value[i] = value[i] > value[i + half] ? value[i] : value[i + half];
            }
        }

        return value[0];
    }

    public static LanesScalar BroadcastBits(uint value) => Broadcast(BitConverter.UInt32BitsToSingle(value));

    public static LanesScalar CountFrom(uint first)
    {
        LanesScalar result = default;
        for (int i = 0; i < 16; i++)
        {
            result[i] = BitConverter.UInt32BitsToSingle(unchecked(first + (uint)i));
        }

        return result;
    }

    public static LanesScalar Xor(LanesScalar a, LanesScalar b)
    {
        for (int i = 0; i < 16; i++)
        {
            a[i] = BitConverter.UInt32BitsToSingle(Bits(a[i]) ^ Bits(b[i]));
        }

        return a;
    }

    public static void MultiplyBits(LanesScalar a, uint factor, out LanesScalar high, out LanesScalar low)
    {
        high = default;
        low = default;
        for (int i = 0; i < 16; i++)
        {
            ulong product = (ulong)Bits(a[i]) * factor;
            high[i] = BitConverter.UInt32BitsToSingle((uint)(product >> 32));
            low[i] = BitConverter.UInt32BitsToSingle((uint)product);
        }
    }

    public static LanesScalar WhereAtLeast(LanesScalar bits, uint threshold, LanesScalar value)
    {
        for (int i = 0; i < 16; i++)
        {
            value[i] = Bits(bits[i]) >= threshold ? value[i] : 0;
        }

        return value;
    }

    public static LanesScalar FromUpperBits(LanesScalar bits)
    {
        for (int i = 0; i < 16; i++)
        {
            bits[i] = Bits(bits[i]) >> 8;
        }

        return bits;
    }

    public static LanesScalar Exponent(LanesScalar value, out LanesScalar mantissa)
    {
        mantissa = default;
        for (int i = 0; i < 16; i++)
        {
            uint bits = Bits(value[i]);
            value[i] = (int)(bits >> 23) - 127;
            mantissa[i] = BitConverter.UInt32BitsToSingle((bits & 0x007F_FFFF) | 0x3F80_0000);
        }

        return value;
    }

    public static LanesScalar SquareRoot(LanesScalar value)
    {
        for (int i = 0; i < 16; i++)
        {
            value[i] = MathF.Sqrt(value[i]);
        }

        return value;
    }

    public readonly void Store(float* destination) => ((ReadOnlySpan<float>)this).CopyTo(new Span<float>(destination, 16));

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);
}
