using System.Runtime.CompilerServices;

namespace Graft.Tensors.Kernels;

/// <summary>Softmax over blocks of transposed scores: a row is a key, a lane is a query. Scores are in units of ln 2.</summary>
internal static unsafe class LaneSoftmax<TLanes, TVector>
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Adds the bias of each key, and hides the keys that a query does not see.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries, a multiple of the register's floats.</param>
    /// <param name="scores">[keys, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="bias">One a row, or null.</param>
    /// <param name="firstKey">For each lane the first row that it sees, counted from the block's first.</param>
    /// <param name="endKey">For each lane one past the last row that it sees.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Mask(int keys, int lanes, float* scores, nint stride, float* bias, float* firstKey, float* endKey)
    {
        TVector hidden = TLanes.Broadcast(float.NegativeInfinity);
        for (int lane = 0; lane < lanes; lane += TLanes.Count)
        {
            TVector first = TLanes.Load(firstKey + lane);
            TVector end = TLanes.Load(endKey + lane);
            float* row = scores + lane;
            for (int key = 0; key < keys; key++)
            {
                TVector score = TLanes.Add(TLanes.Load(row), TLanes.Broadcast(bias == null ? 0 : bias[key]));
                TLanes.Store(TLanes.Within(first, TLanes.Broadcast(key), end, score, hidden), row);
                row += stride;
            }
        }
    }

    /// <summary>Soft cap: a score s becomes <c>cap * tanh(s / cap)</c>.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries.</param>
    /// <param name="scores">[keys, lanes].</param>
    /// <param name="slopes">[keys, lanes]: receives the derivatives; null when nobody needs them.</param>
    /// <param name="stride">Floats from one row to the next, of both.</param>
    /// <param name="cap">The cap, in the units of the scores.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Cap(int keys, int lanes, float* scores, float* slopes, nint stride, float cap)
    {
        // tanh x = 1 - 2 / (e^2x + 1), and beyond 22 nothing but 1.
        TVector toExponent = TLanes.Broadcast(2 * 1.44269504f / cap);
        TVector largest = TLanes.Broadcast(64);
        TVector one = TLanes.Broadcast(1);
        TVector two = TLanes.Broadcast(2);
        TVector factor = TLanes.Broadcast(cap);
        for (int key = 0; key < keys; key++)
        {
            for (int lane = 0; lane < lanes; lane += TLanes.Count)
            {
                float* at = scores + (key * stride) + lane;
                TVector x = TLanes.Multiply(TLanes.Load(at), toExponent);
                TVector exponential = Exponential(TLanes.Minimum(largest, x));
                TVector tanh = TLanes.Subtract(one, TLanes.Divide(two, TLanes.Add(exponential, one)));
                TLanes.Store(TLanes.Multiply(tanh, factor), at);
                if (slopes != null)
                {
                    TLanes.Store(TLanes.Subtract(one, TLanes.Multiply(tanh, tanh)), slopes + (key * stride) + lane);
                }
            }
        }
    }

    /// <summary>Multiplies each element by that of another matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(int keys, int lanes, float* values, float* factors, nint stride)
    {
        for (int key = 0; key < keys; key++)
        {
            for (int lane = 0; lane < lanes; lane += TLanes.Count)
            {
                float* at = values + (key * stride) + lane;
                TLanes.Store(TLanes.Multiply(TLanes.Load(at), TLanes.Load(factors + (key * stride) + lane)), at);
            }
        }
    }

    /// <summary>Adds the bias of each key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddBias(int keys, int lanes, float* scores, nint stride, float* bias)
    {
        for (int key = 0; key < keys; key++)
        {
            TVector value = TLanes.Broadcast(bias[key]);
            float* row = scores + (key * stride);
            for (int lane = 0; lane < lanes; lane += TLanes.Count)
            {
                TLanes.Store(TLanes.Add(TLanes.Load(row + lane), value), row + lane);
            }
        }
    }

    /// <summary>Adds a bias that depends on how far query and key are apart.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries.</param>
    /// <param name="scores">[keys, lanes].</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="bias">Bias of the first query and the first key; a query further is one element up, a key further one down.</param>
    /// <param name="factor">Multiplies the biases.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddByDistance(int keys, int lanes, float* scores, nint stride, float* bias, float factor)
    {
        TVector factors = TLanes.Broadcast(factor);
        for (int key = 0; key < keys; key++)
        {
            float* row = scores + (key * stride);
            for (int lane = 0; lane < lanes; lane += TLanes.Count)
            {
                TLanes.Store(TLanes.MultiplyAdd(TLanes.Load(bias - key + lane), factors, TLanes.Load(row + lane)), row + lane);
            }
        }
    }

    /// <summary>The way back of <see cref="AddByDistance"/>: adds the gradient of each score to that of its bias.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries.</param>
    /// <param name="gradients">[keys, lanes] gradients of the scores, zero in lanes without a query.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="bias">Gradient of the bias of the first query and the first key.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SumByDistance(int keys, int lanes, float* gradients, nint stride, float* bias)
    {
        for (int key = 0; key < keys; key++)
        {
            float* row = gradients + (key * stride);
            for (int lane = 0; lane < lanes; lane += TLanes.Count)
            {
                float* at = bias - key + lane;
                TLanes.Store(TLanes.Add(TLanes.Load(at), TLanes.Load(row + lane)), at);
            }
        }
    }

    /// <summary>One step of the online softmax: scores become exponentials, and what was summed before is scaled to the new maximum.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries.</param>
    /// <param name="scores">[keys, lanes]; becomes <c>2^(score - maximum)</c>.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="maximum">Largest score so far of each lane.</param>
    /// <param name="sum">Sum of exponentials so far of each lane.</param>
    /// <param name="output">[rows, lanes] sums of values weighted by exponentials so far.</param>
    /// <param name="outputRows">Rows of <paramref name="output"/>.</param>
    /// <param name="outputStride">Floats from one row of it to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Step(
        int keys, int lanes, float* scores, nint stride, float* maximum, float* sum, float* output, int outputRows, nint outputStride)
    {
        for (int lane = 0; lane < lanes; lane += TLanes.Count)
        {
            TVector before = TLanes.Load(maximum + lane);
            TVector now = TLanes.Maximum(before, ColumnMaximum(keys, scores + lane, stride, before));
            TVector scale = Exponential(TLanes.Subtract(before, now));
            TLanes.Store(now, maximum + lane);
            TVector total = TLanes.Multiply(TLanes.Load(sum + lane), scale);
            float* row = scores + lane;
            for (int key = 0; key < keys; key++)
            {
                TVector value = Exponential(TLanes.Subtract(TLanes.Load(row), now));
                total = TLanes.Add(total, value);
                TLanes.Store(value, row);
                row += stride;
            }

            TLanes.Store(total, sum + lane);
            row = output + lane;
            for (int i = 0; i < outputRows; i++)
            {
                TLanes.Store(TLanes.Multiply(TLanes.Load(row), scale), row);
                row += outputStride;
            }
        }
    }

    /// <summary>Ends the online softmax: divides each lane by its sum of exponentials.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Divide(int rows, int lanes, float* output, nint stride, float* sum)
    {
        for (int lane = 0; lane < lanes; lane += TLanes.Count)
        {
            TVector factor = TLanes.Divide(TLanes.Broadcast(1), TLanes.Load(sum + lane));
            float* row = output + lane;
            for (int i = 0; i < rows; i++)
            {
                TLanes.Store(TLanes.Multiply(TLanes.Load(row), factor), row);
                row += stride;
            }
        }
    }

    /// <summary>Probabilities and gradients of the scores: <c>P = 2^(score - logSum)</c>, <c>dS = P (dP - expected)</c>.</summary>
    /// <param name="keys">Number of rows.</param>
    /// <param name="lanes">Number of queries.</param>
    /// <param name="scores">[keys, lanes] scores; becomes the probabilities.</param>
    /// <param name="gradients">[keys, lanes] gradients of the probabilities; becomes those of the scores.</param>
    /// <param name="stride">Floats from one row to the next, of both.</param>
    /// <param name="logSum">Logarithm of the sum of exponentials of each lane, to base 2.</param>
    /// <param name="expected">Expectation of the gradient of the probabilities in each lane.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(int keys, int lanes, float* scores, float* gradients, nint stride, float* logSum, float* expected)
    {
        for (int lane = 0; lane < lanes; lane += TLanes.Count)
        {
            TVector sum = TLanes.Load(logSum + lane);
            TVector mean = TLanes.Load(expected + lane);
            float* score = scores + lane;
            float* gradient = gradients + lane;
            for (int key = 0; key < keys; key++)
            {
                TVector probability = Exponential(TLanes.Subtract(TLanes.Load(score), sum));
                TLanes.Store(probability, score);
                TLanes.Store(TLanes.Multiply(probability, TLanes.Subtract(TLanes.Load(gradient), mean)), gradient);
                score += stride;
                gradient += stride;
            }
        }
    }

    /// <summary><c>2^x</c> for x up to 127; 0 below -126.5. Relative error below 1.3e-7.</summary>
    /// <remarks>x = n + f with |f| &lt;= 1/2, and a minimax polynomial of degree 6 (relative error 2e-9) for 2^f.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exponential(TVector x)
    {
        // Adding 1.5 * 2^23 rounds to an integer and leaves it in the lowest bits.
        TVector shift = TLanes.Broadcast(12582912f);
        TVector clamped = TLanes.Maximum(TLanes.Broadcast(-127f), x);
        TVector shifted = TLanes.Add(clamped, shift);
        TVector f = TLanes.Subtract(clamped, TLanes.Subtract(shifted, shift));
        TVector p = TLanes.MultiplyAdd(TLanes.Broadcast(0.00015345812f), f, TLanes.Broadcast(0.0013399931f));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(0.009618489f));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(0.055503288f));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(0.24022647f));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(0.6931472f));
        p = TLanes.MultiplyAdd(p, f, TLanes.Broadcast(1f));
        return TLanes.Multiply(p, TLanes.PowerOfTwo(shifted));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ColumnMaximum(int keys, float* scores, nint stride, TVector start)
    {
        TVector m0 = start, m1 = start, m2 = start, m3 = start;
        int key = 0;
        for (; key + 4 <= keys; key += 4)
        {
            m0 = TLanes.Maximum(m0, TLanes.Load(scores));
            m1 = TLanes.Maximum(m1, TLanes.Load(scores + stride));
            m2 = TLanes.Maximum(m2, TLanes.Load(scores + (2 * stride)));
            m3 = TLanes.Maximum(m3, TLanes.Load(scores + (3 * stride)));
            scores += 4 * stride;
        }

        for (; key < keys; key++)
        {
            m0 = TLanes.Maximum(m0, TLanes.Load(scores));
            scores += stride;
        }

        return TLanes.Maximum(TLanes.Maximum(m0, m1), TLanes.Maximum(m2, m3));
    }
}
