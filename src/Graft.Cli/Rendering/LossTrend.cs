namespace Graft.Cli.Rendering;

/// <summary>Where the loss is going: a quick moving average against a slow one.</summary>
internal sealed class LossTrend
{
    private const double Quick = 0.8;
    private const double Slow = 0.95;

    private double _quick;
    private double _slow;
    private double _quickWeight;
    private double _slowWeight;

    /// <summary>The slow average.</summary>
    public double Mean => _slowWeight == 0 ? 0 : _slow / _slowWeight;

    /// <summary>-1 when the loss falls, 1 when it rises, 0 when it does neither by half a percent.</summary>
    public int Direction
    {
        get
        {
            double change = _slowWeight == 0 ? 0 : (_quick / _quickWeight) - Mean;
            return Math.Abs(change) <= 0.005 * Math.Abs(Mean) ? 0 : Math.Sign(change);
        }
    }

    /// <summary>Takes a step's loss in.</summary>
    public void Add(double loss)
    {
        (_quick, _quickWeight) = ((_quick * Quick) + loss, (_quickWeight * Quick) + 1);
        (_slow, _slowWeight) = ((_slow * Slow) + loss, (_slowWeight * Slow) + 1);
    }
}
