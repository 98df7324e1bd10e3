using System.Text;

namespace Graft.Training.Tracking;

/// <summary>A value of a TensorBoard event: a scalar of the old style, a histogram or a tensor.</summary>
/// <param name="Tag">Its name; parts before a slash group the charts.</param>
public sealed record SummaryValue(string Tag)
{
    /// <summary>A scalar as <c>SummaryWriter.add_scalar</c> writes it.</summary>
    public float? SimpleValue { get; init; }

    /// <summary>A histogram.</summary>
    public SummaryHistogram? Histogram { get; init; }

    /// <summary>A tensor.</summary>
    public SummaryTensor? Tensor { get; init; }

    /// <summary>Which plugin shows it; null for scalars and histograms of the old style.</summary>
    public SummaryMetadata? Metadata { get; init; }

    /// <summary>A scalar.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="value">The number; kept as float32.</param>
    public static SummaryValue Scalar(string tag, double value) => new(tag) { SimpleValue = (float)value };

    /// <summary>A text in Markdown, as <c>SummaryWriter.add_text</c> writes it.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="text">The text.</param>
    public static SummaryValue Text(string tag, string text) => new($"{tag}/text_summary")
    {
        Tensor = new SummaryTensor(SummaryTensor.Text) { Shape = [1], Texts = [Encoding.UTF8.GetBytes(text)] },
        Metadata = new SummaryMetadata("text"),
    };

    /// <summary>Writes the message's fields.</summary>
    internal void Write(ProtobufWriter writer)
    {
        writer.Text(1, Tag);
        if (SimpleValue is { } scalar)
        {
            writer.Single(2, scalar);
        }

        if (Histogram is not null)
        {
            writer.Message(5, Histogram.Write);
        }

        if (Tensor is not null)
        {
            writer.Message(8, Tensor.Write);
        }

        if (Metadata is not null)
        {
            writer.Message(9, Metadata.Write);
        }
    }
}
