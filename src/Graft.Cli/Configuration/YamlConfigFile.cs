using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Graft.Cli.Configuration;

/// <summary>Reads YAML (and so JSON) into nodes that know their line and column. Nothing is converted: types belong to the keys.</summary>
internal sealed class YamlConfigFile
{
    private const int DeepestNesting = 16;

    private readonly Parser _parser;
    private readonly Func<Mark, string> _place;
    private readonly string? _folder;

    private YamlConfigFile(TextReader text, Func<Mark, string> place, string? folder)
    {
        _parser = new Parser(text);
        _place = place;
        _folder = folder;
    }

    /// <summary>The keys of a file, in order, each once.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">Not YAML, not UTF-8, not an object, or a key that stands twice; with file, line and column.</exception>
    public static IReadOnlyList<KeyValuePair<string, ConfigNode>> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"there is no configuration file {path}", path);
        }

        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"{path} is not UTF-8 text: save it as UTF-8", e);
        }

        var file = new YamlConfigFile(new StringReader(text), mark => $"{path}:{mark.Line}:{mark.Column}", Path.GetDirectoryName(Path.GetFullPath(path)));
        return file.Document() is { } node
            ? node.Fields ?? throw new InvalidDataException($"{path}: expected 'key: value' lines, but the file holds {(node.Items is null ? "a single text" : "a list")}")
            : [];
    }

    /// <summary>A list or an object that stands in a flag, such as <c>{num_cycles: 2}</c>.</summary>
    /// <param name="text">The flag's text.</param>
    /// <param name="label">The flag.</param>
    /// <exception cref="InvalidDataException">Not YAML.</exception>
    public static ConfigNode ReadValue(string text, string label)
        => new YamlConfigFile(new StringReader(text), _ => label, null).Document(label) ?? ConfigNode.Scalar(label, null, text, isQuoted: false);

    private ConfigNode? Document(string label = "")
    {
        try
        {
            _parser.Consume<StreamStart>();
            if (!_parser.TryConsume<DocumentStart>(out _))
            {
                return null;
            }

            ConfigNode node = Node(label, 0);
            _parser.Consume<DocumentEnd>();
            return _parser.TryConsume<DocumentStart>(out DocumentStart? second)
                ? throw new InvalidDataException($"{_place(second.Start)}: a second document begins here; a configuration is one document")
                : IsEmpty(node) ? null : node;
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{_place(e.Start)}: not YAML: {e.Message}", e);
        }
    }

    private static bool IsEmpty(ConfigNode node) => node.IsNull && node.Text!.Length == 0;

    private ConfigNode Node(string label, int depth)
    {
        if (_parser.TryConsume<Scalar>(out Scalar? scalar))
        {
            return ConfigNode.Scalar(label, _folder, scalar.Value, scalar.Style != ScalarStyle.Plain);
        }

        if (_parser.Accept<AnchorAlias>(out AnchorAlias? alias))
        {
            throw new InvalidDataException($"{_place(alias.Start)}: aliases (*{alias.Value}) are not understood; write the value out");
        }

        if (depth == DeepestNesting)
        {
            throw new InvalidDataException($"{_place(_parser.Current!.Start)}: nested deeper than {DeepestNesting} levels");
        }

        return _parser.TryConsume<SequenceStart>(out _) ? List(label, depth) : Object(label, depth);
    }

    private ConfigNode List(string label, int depth)
    {
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Node($"{label}[{items.Count}]", depth + 1));
        }

        return ConfigNode.List(label, _folder, items);
    }

    private ConfigNode Object(string label, int depth)
    {
        _parser.Consume<MappingStart>();
        var fields = new List<KeyValuePair<string, ConfigNode>>();
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out Scalar? key))
            {
                throw new InvalidDataException($"{_place(_parser.Current!.Start)}: a key must be a single word");
            }

            string place = _place(key.Start);
            if (!places.TryAdd(key.Value, place))
            {
                throw new InvalidDataException($"{place}: {key.Value} is given twice, first at {places[key.Value]}");
            }

            fields.Add(KeyValuePair.Create(key.Value, Node(depth == 0 ? $"{place}: {key.Value}" : $"{label}.{key.Value}", depth + 1)));
        }

        return ConfigNode.Object(label, _folder, fields);
    }
}
