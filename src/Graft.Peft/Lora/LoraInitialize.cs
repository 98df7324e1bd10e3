using Graft.Tensors;

namespace Graft.Peft;

/// <summary>First values of A and B: a function of the seed and the module's path, with PEFT's distributions.</summary>
internal static class LoraInitialize
{
    /// <summary>A and B of a linear layer.</summary>
    /// <param name="kind">init_lora_weights.</param>
    /// <param name="context">The seed.</param>
    /// <param name="module">Path of the module.</param>
    /// <param name="a">[r, in].</param>
    /// <param name="b">[out, r].</param>
    /// <param name="bias">Bias of B, or null.</param>
    public static void Linear(LoraInitialization kind, AdapterContext context, string module, Parameter a, Parameter b, Parameter? bias)
    {
        ulong keyA = context.KeyOf($"{module}.lora_A");
        int rank = a.Shape[0];
        if (kind.Name == "gaussian")
        {
            CounterRandom.FillNormal(a.Values, keyA, 0, 1f / rank);
            return;
        }

        Uniform(a, keyA, a.Shape[1]);
        if (kind.Name == "false")
        {
            // What torch's Linear does by itself: B is random too, and the adapter has an effect at once.
            Uniform(b, context.KeyOf($"{module}.lora_B"), rank);
            if (bias is not null)
            {
                Uniform(bias, context.KeyOf($"{module}.lora_B.bias"), rank);
            }
        }
    }

    /// <summary>A and B of an embedding: the roles are reversed, A is zero and B standard normal.</summary>
    /// <param name="kind">init_lora_weights.</param>
    /// <param name="context">The seed.</param>
    /// <param name="module">Path of the module.</param>
    /// <param name="a">[r, vocabulary].</param>
    /// <param name="b">[features, r].</param>
    public static void Embedding(LoraInitialization kind, AdapterContext context, string module, Parameter a, Parameter b)
    {
        CounterRandom.FillNormal(b.Values, context.KeyOf($"{module}.lora_embedding_B"), 0, 1);
        if (kind.Name == "false")
        {
            CounterRandom.FillNormal(a.Values, context.KeyOf($"{module}.lora_embedding_A"), 0, 1);
        }
    }

    /// <summary>Kaiming uniform with a = sqrt(5): bound 1 / sqrt(fan in).</summary>
    private static void Uniform(Parameter parameter, ulong key, int fanIn)
    {
        float bound = 1 / MathF.Sqrt(fanIn);
        CounterRandom.FillUniform(parameter.Values, key, -bound, bound);
    }
}
