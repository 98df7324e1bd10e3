namespace Graft.Tensors.Assembly;

/// <summary>Which tile of a family of kernels: each is assembled when it is first needed.</summary>
/// <param name="Rows">Rows of C.</param>
/// <param name="Vectors">Vectors of columns.</param>
/// <param name="IsMasked">Whether columns are missing from the last vector: they are neither read nor written.</param>
internal readonly record struct TileShape(int Rows, int Vectors, bool IsMasked);
