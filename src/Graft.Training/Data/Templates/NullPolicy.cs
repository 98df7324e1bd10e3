namespace Graft.Training.Data;

/// <summary>What a template does with a null value.</summary>
public enum NullPolicy
{
    /// <summary>An error that names the row and the column.</summary>
    Fail,

    /// <summary>Null renders as nothing; null elements of a list are left out.</summary>
    Empty,
}
