namespace Graft.Training.Optimizers;

/// <summary>What grouping rules look at.</summary>
/// <param name="Name">The parameter's full name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="ModuleType">Class of the module that owns it, as torch or transformers name it (<c>Linear</c>, <c>LayerNorm</c>, <c>LlamaRMSNorm</c>, ...).</param>
public readonly record struct TrainableParameter(string Name, int[] Shape, string ModuleType);
