using Graft.Models;

namespace Graft.Cli.Inspection;

/// <summary>What an inspection is to look at besides.</summary>
/// <param name="BaseModel">The base model that an adapter must fit; null for the one that it names.</param>
/// <param name="ReadValues">Whether every weight is read, to find values that are not finite.</param>
/// <param name="Quantization">How a model is quantised while it is loaded; null for as it is in its files.</param>
internal sealed record InspectionOptions(string? BaseModel, bool ReadValues, QuantizationConfig? Quantization = null);
