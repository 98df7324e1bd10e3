using Graft.Training.Optimizers.Lanes;

namespace Graft.Training.Optimizers;

/// <summary>An update rule whose moments may be kept in 8 bits.</summary>
internal unsafe interface IMomentRule : IUpdateRule
{
    /// <summary>Takes the windows of the moments, in the order in which the optimizer lists them.</summary>
    /// <param name="windows">The windows.</param>
    void Bind(in MomentWindows windows);
}
