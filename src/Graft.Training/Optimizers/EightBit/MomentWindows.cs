namespace Graft.Training.Optimizers;

/// <summary>Where an update rule finds the moments of the elements at hand, each as fp32 numbers by the elements' place in the flat buffers.</summary>
internal unsafe struct MomentWindows
{
    /// <summary>The most moments that an optimizer has.</summary>
    public const int Maximum = 3;

    private fixed long _windows[Maximum];

    /// <summary>A moment; null where the options ask for none.</summary>
    /// <param name="index">Its place among the optimizer's moments.</param>
    public float* this[int index]
    {
        readonly get => (float*)_windows[index];
        set => _windows[index] = (long)value;
    }
}
