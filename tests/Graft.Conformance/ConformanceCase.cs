using System.Text.Json;

namespace Graft.Conformance;

/// <summary>One case folder: its parsed <c>case.json</c> and where it lies.</summary>
public sealed class ConformanceCase : IDisposable
{
    private readonly JsonDocument _document;

    private ConformanceCase(string folder, string area, JsonDocument document)
    {
        Folder = folder;
        Area = area;
        _document = document;
        Kind = Root.GetProperty("kind").GetString()!;
        Name = Root.TryGetProperty("name", out JsonElement name) ? name.GetString()! : $"{area}/{Path.GetFileName(folder)}";
    }

    /// <summary>Absolute path of the case's folder.</summary>
    public string Folder { get; }

    /// <summary>The area: first part of the name, or the parent folder's name.</summary>
    public string Area { get; }

    /// <summary>What to run.</summary>
    public string Kind { get; }

    /// <summary>Unique name, <c>area/folder</c>.</summary>
    public string Name { get; }

    /// <summary>The whole case.json.</summary>
    public JsonElement Root => _document.RootElement;

    /// <summary>Absolute and relative tolerance; both zero means exact.</summary>
    public (double Absolute, double Relative) Tolerance
        => Root.TryGetProperty("tolerance", out JsonElement t) && t.ValueKind == JsonValueKind.Object
            ? (t.GetProperty("absolute").GetDouble(), t.GetProperty("relative").GetDouble())
            : (0, 0);

    /// <summary>Reads the case in <paramref name="folder"/>.</summary>
    public static ConformanceCase Open(string folder)
    {
        JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        string area = Path.GetFileName(Path.GetDirectoryName(folder)!);
        if (document.RootElement.TryGetProperty("name", out JsonElement name) && name.GetString() is { } text && text.Contains('/'))
        {
            area = text[..text.IndexOf('/')];
        }

        return new ConformanceCase(folder, area, document);
    }

    /// <summary>Absolute path of a file or folder that the case names by <paramref name="property"/>.</summary>
    public string PathOf(string property) => Resolve(Root.GetProperty(property).GetString()!);

    /// <summary>Absolute path of <paramref name="relative"/> seen from the case.</summary>
    public string Resolve(string relative) => Path.GetFullPath(Path.Combine(Folder, relative));

    /// <summary>Whether the case has a non-null <paramref name="property"/>.</summary>
    public bool Has(string property) => Root.TryGetProperty(property, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <inheritdoc/>
    public void Dispose() => _document.Dispose();
}
