using System.Text.Json;
using Graft.Text.PostProcessors;

namespace Graft.Text.Loading;

/// <summary>Reads the <c>post_processor</c> of tokenizer.json.</summary>
internal static class PostProcessorReader
{
    private const string Known = "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing";

    /// <summary>The post-processor that <paramref name="fields"/> describes.</summary>
    /// <param name="fields">The JSON object.</param>
    /// <param name="tokenOf">What ids stand for; trimming offsets looks at tokens.</param>
    internal static IPostProcessor Read(JsonFields fields, Func<int, string?> tokenOf)
    {
        string type = fields.Text("type");
        return type switch
        {
            "Sequence" => new SequencePostProcessor(fields.Objects("processors").Select(inner => Read(inner, tokenOf)).ToArray()),
            "BertProcessing" => new BertPostProcessor(ReadToken(fields, "sep"), ReadToken(fields, "cls")),
            "ByteLevel" => new ByteLevelPostProcessor(ReadTrimming(fields, tokenOf)),
            "RobertaProcessing" => new RobertaPostProcessor(ReadToken(fields, "sep"), ReadToken(fields, "cls"), ReadTrimming(fields, tokenOf)),
            "TemplateProcessing" => ReadTemplates(fields),
            _ => throw fields.Error($"unknown post-processor '{type}'; known are {Known}"),
        };
    }

    private static OffsetTrimming? ReadTrimming(JsonFields fields, Func<int, string?> tokenOf)
        => fields.Flag("trim_offsets", true) ? new OffsetTrimming(fields.Flag("add_prefix_space", true), tokenOf) : null;

    /// <summary>A pair of token and id.</summary>
    private static int ReadToken(JsonFields fields, string name)
    {
        JsonElement[] pair = fields.Elements(name).ToArray();
        return pair.Length == 2 ? fields.Id(pair[1], $"{name}[1]") : throw fields.Error($"'{name}' must be a token and its id");
    }

    private static TemplatePostProcessor ReadTemplates(JsonFields fields)
    {
        var specials = new Dictionary<string, int[]>(StringComparer.Ordinal);
        foreach (JsonProperty entry in fields.OptionalObject("special_tokens")?.Properties() ?? [])
        {
            JsonFields token = fields.Object("special_tokens").Object(entry.Name);
            specials[entry.Name] = token.Elements("ids").Select(id => token.Id(id, "ids")).ToArray();
        }

        return new TemplatePostProcessor(ReadTemplate(fields, "single", specials), ReadTemplate(fields, "pair", specials));
    }

    private static List<TemplatePiece> ReadTemplate(JsonFields fields, string name, Dictionary<string, int[]> specials)
    {
        var pieces = new List<TemplatePiece>();
        foreach (JsonFields piece in fields.Objects(name))
        {
            if (piece.OptionalObject("Sequence") is { } sequence)
            {
                string id = sequence.Text("id");
                int index = id switch
                {
                    "A" => 0,
                    "B" when name == "pair" => 1,
                    _ => throw sequence.Error($"unknown sequence '{id}'; 'A' (and 'B' for pairs) are possible"),
                };
                pieces.Add(new TemplatePiece(index, [], sequence.OptionalNumber("type_id") ?? 0));
            }
            else
            {
                JsonFields special = piece.Object("SpecialToken");
                string id = special.Text("id");
                int[] ids = specials.TryGetValue(id, out int[]? found) ? found : throw special.Error($"the template uses '{id}', which special_tokens does not define");
                pieces.Add(new TemplatePiece(null, ids, special.OptionalNumber("type_id") ?? 0));
            }
        }

        return pieces;
    }
}
