namespace Graft.Cli.Inspection;

/// <summary>What an inspection is to look at besides.</summary>
/// <param name="BaseModel">The base model that an adapter must fit; null for the one that it names.</param>
/// <param name="ReadValues">Whether every weight is read, to find values that are not finite.</param>
internal sealed record InspectionOptions(string? BaseModel, bool ReadValues);
