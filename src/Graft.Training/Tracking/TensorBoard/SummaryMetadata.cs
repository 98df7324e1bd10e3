namespace Graft.Training.Tracking;

/// <summary>Which plugin of TensorBoard shows a value, and how.</summary>
/// <param name="PluginName">The plugin: <c>scalars</c>, <c>text</c>, <c>hparams</c>, ...</param>
public sealed record SummaryMetadata(string PluginName)
{
    /// <summary>The plugin's own message.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Name to show.</summary>
    public string? DisplayName { get; init; }

    /// <summary>What the value is.</summary>
    public string? Description { get; init; }

    /// <summary>1 for scalars, 2 for tensors, 3 for sequences of blobs; 0 when not said.</summary>
    public int DataClass { get; init; }

    /// <summary>Writes the message's fields.</summary>
    internal void Write(ProtobufWriter writer)
    {
        writer.Message(1, plugin =>
        {
            plugin.Text(1, PluginName);
            plugin.Bytes(2, Content.Span);
        });
        writer.Text(2, DisplayName);
        writer.Text(3, Description);
        writer.Integer(4, DataClass);
    }
}
