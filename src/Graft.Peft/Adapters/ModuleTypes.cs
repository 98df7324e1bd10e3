using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>What torch and transformers call the classes of a model's modules: optimizers group by it.</summary>
internal static class ModuleTypes
{
    /// <summary>The class of <paramref name="module"/>.</summary>
    public static string Of(Module module) => module switch
    {
        Linear { Layout: LinearLayout.InOut } => "Conv1D",
        Linear => "Linear",
        LayerNorm => "LayerNorm",
        RmsNorm => "RMSNorm",
        Embedding or PositionTable => "Embedding",
        _ => module.GetType().Name,
    };
}
