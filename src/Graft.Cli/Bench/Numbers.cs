using System.Text.Json;

namespace Graft.Cli.Bench;

/// <summary>Numbers in JSON that may be missing.</summary>
internal static class Numbers
{
    /// <summary>Writes a number, or null where there is none.</summary>
    public static void Write(Utf8JsonWriter writer, string name, double? value)
    {
        if (value is double number && double.IsFinite(number))
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
