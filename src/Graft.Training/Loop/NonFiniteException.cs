namespace Graft.Training;

/// <summary>A loss or gradient became NaN or infinite. Nothing was updated by the step; the last good state has been saved.</summary>
public sealed class NonFiniteException : ArithmeticException
{
    /// <summary>Says what happened.</summary>
    /// <param name="message">Step, tensor, batch, and what to do.</param>
    public NonFiniteException(string message)
        : base(message)
    {
    }
}
