using System.Text.Json;
using Graft.Text.SentencePieces;

namespace Graft.Conformance.Runners;

/// <summary>Kind <c>sentencepiece</c>: a .model file, row by row.</summary>
public sealed class SentencePieceRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "sentencepiece";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        SentencePieceModel model = SentencePieceModel.Load(@case.PathOf("model"));
        JsonElement root = @case.Root;
        Check.Equal("vocabulary", root.GetProperty("vocabulary").GetInt32(), model.Pieces.Count);
        Check.Equal("unk_id", root.GetProperty("unk_id").GetInt32(), model.UnknownId);
        Check.Equal("bos_id", root.GetProperty("bos_id").GetInt32(), model.BosId ?? -1);
        Check.Equal("eos_id", root.GetProperty("eos_id").GetInt32(), model.EosId ?? -1);
        Check.Equal("pad_id", root.GetProperty("pad_id").GetInt32(), model.PadId ?? -1);
        foreach ((string name, SentencePieceKind kind) in new[] { ("control", SentencePieceKind.Control), ("unknown", SentencePieceKind.Unknown), ("unused", SentencePieceKind.Unused) })
        {
            Check.Equal(name, root.GetProperty("kinds").GetProperty(name).Integers(), [.. Enumerable.Range(0, model.Pieces.Count).Where(id => model.Pieces[id].Kind == kind)]);
        }

        int number = 0;
        int wrong = 0;
        string first = string.Empty;
        foreach (string line in File.ReadLines(@case.PathOf("cases")))
        {
            number++;
            using JsonDocument row = JsonDocument.Parse(line);
            try
            {
                RunRow(row.RootElement, model);
            }
            catch (MismatchException e)
            {
                first = wrong++ == 0 ? $"row {number}: {e.Message} | {(line.Length <= 200 ? line : line[..200] + "...")}" : first;
            }
        }

        if (wrong > 0)
        {
            throw new MismatchException($"{wrong} of {number} rows differ; {first}");
        }
    }

    private static void RunRow(JsonElement row, SentencePieceModel model)
    {
        int[] ids = row.GetProperty("ids").Integers();
        string? text = row.TryGetProperty("text", out JsonElement given) ? given.GetString() : null;
        if (text is not null)
        {
            SentencePieceEncoding encoding = model.Encode(text);
            Check.Equal("normalized", row.GetProperty("normalized").GetString(), encoding.Normalized);
            Check.Equal("ids", ids, encoding.Ids);
            Check.Equal("pieces", [.. row.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString()!)], encoding.Pieces);
            Check.Equal("offsets", row.GetProperty("offsets").Integers(), [.. encoding.Offsets.SelectMany(offset => new[] { offset.Start, offset.End })]);
        }

        string decoded = row.TryGetProperty("decoded", out JsonElement wanted) ? wanted.GetString()! : text!;
        Check.Equal("decoded", decoded, model.Decode(ids));
    }
}
