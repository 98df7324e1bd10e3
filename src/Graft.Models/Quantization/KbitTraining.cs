using Graft.Tensors;

namespace Graft.Models;

/// <summary>PEFT's <c>prepare_model_for_kbit_training</c>: what has to happen to a quantised model before an adapter is trained on it.</summary>
public static class KbitTraining
{
    /// <summary>Freezes every weight, and widens those in 16 bits that are not quantised to fp32.</summary>
    /// <remarks>
    /// Graft computes norms, the head and the loss in fp32 whatever their storage, passes gradients through frozen layers to the
    /// input, and recomputes blocks where <see cref="ForwardContext.GradientCheckpointing"/> asks for it. So widening changes no
    /// result; it is here for those who go on to change these weights, and costs the memory of the embeddings once more.
    /// </remarks>
    /// <param name="model">The model, without adapters.</param>
    /// <returns>Names of the weights that were widened.</returns>
    public static unsafe IReadOnlyList<string> Prepare(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var widened = new List<string>();
        foreach ((string name, WeightSlot slot) in model.DistinctWeights().ToList())
        {
            Parameter weight = slot.Original;
            weight.RequiresGrad = false;
            if (weight.Quantized is null && weight.DType != DType.Float32)
            {
                var memory = new NativeBuffer(weight.Count * sizeof(float));
                weight.CopyTo((float*)memory.Data);
                weight.MoveTo((nint)memory.Data, DType.Float32, memory);
                widened.Add(name);
            }
        }

        return widened;
    }
}
