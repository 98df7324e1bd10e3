namespace Graft.Cli.Bench;

/// <summary>Which operands of <c>A · B</c> are stored transposed.</summary>
internal enum GemmLayout
{
    /// <summary><c>A[m,k] · B[k,n]</c>: the input gradient of a linear layer.</summary>
    NN,

    /// <summary><c>A[m,k] · B[n,k]ᵀ</c>: the forward pass of a linear layer.</summary>
    NT,

    /// <summary><c>C += A[k,m]ᵀ · B[k,n]</c>: a weight gradient.</summary>
    TN,
}

/// <summary>One product to measure.</summary>
/// <param name="Group">Where it occurs.</param>
/// <param name="Layout">Which operands are transposed.</param>
/// <param name="M">Rows of C.</param>
/// <param name="N">Columns of C.</param>
/// <param name="K">Terms of each sum.</param>
internal sealed record GemmShape(string Group, GemmLayout Layout, int M, int N, int K)
{
    /// <summary>Floating-point operations: a multiplication and an addition a term.</summary>
    public double Operations => 2.0 * M * N * K;

    /// <summary>The products of a LoRA training step for a 560M BLOOM and a 135M Llama, short and packed micro-batches.</summary>
    public static IEnumerable<GemmShape> Training()
    {
        (string Group, int Out, int In)[] layers =
        [
            ("bloom-560m qkv", 3072, 1024), ("bloom-560m dense", 1024, 1024), ("bloom-560m up", 4096, 1024), ("bloom-560m down", 1024, 4096),
            ("llama-135m q", 576, 576), ("llama-135m kv", 192, 576), ("llama-135m up", 1536, 576), ("llama-135m down", 576, 1536),
        ];
        foreach (int tokens in new[] { 23, 100, 512 })
        {
            foreach ((string group, int outputs, int inputs) in layers)
            {
                yield return new GemmShape(group, GemmLayout.NT, tokens, outputs, inputs);
                yield return new GemmShape(group, GemmLayout.NN, tokens, inputs, outputs);
                yield return new GemmShape(group, GemmLayout.TN, outputs, inputs, tokens);
            }
        }

        // A chunk of the vocabulary: heads are multiplied in chunks, logits never exist in full.
        yield return new GemmShape("bloom-560m head", GemmLayout.NT, 100, 250_880 / 16, 1024);
        yield return new GemmShape("llama-135m head", GemmLayout.NT, 100, 49_152 / 4, 576);
    }

    /// <summary>The narrow products of LoRA factors.</summary>
    public static IEnumerable<GemmShape> Lora()
    {
        foreach (int tokens in new[] { 23, 100, 512 })
        {
            foreach (int rank in new[] { 8, 16, 64 })
            {
                yield return new GemmShape($"lora r={rank} x·Aᵀ", GemmLayout.NT, tokens, rank, 1024);
                yield return new GemmShape($"lora r={rank} h·Bᵀ", GemmLayout.NT, tokens, 3072, rank);
                yield return new GemmShape($"lora r={rank} dy·B", GemmLayout.NN, tokens, rank, 3072);
                yield return new GemmShape($"lora r={rank} dh·A", GemmLayout.NN, tokens, 1024, rank);
                yield return new GemmShape($"lora r={rank} dA", GemmLayout.TN, rank, 1024, tokens);
                yield return new GemmShape($"lora r={rank} dB", GemmLayout.TN, 3072, rank, tokens);
            }
        }
    }
}
