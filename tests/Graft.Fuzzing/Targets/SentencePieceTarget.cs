using Graft.Text.SentencePieces;
using Graft.Text.Tests;

namespace Graft.Fuzzing;

/// <summary>SentencePiece models: the reader, and what it makes of a text.</summary>
internal sealed class SentencePieceTarget : IFuzzTarget
{
    private static readonly SentencePiece[] Pieces =
    [
        new("<unk>", 0, SentencePieceKind.Unknown), new("<s>", 0, SentencePieceKind.Control), new("</s>", 0, SentencePieceKind.Control), new("▁a", -1), new("b", -2), new("é", -2.5f),
        new("  ", 0, SentencePieceKind.UserDefined), new("▁", -3), new("ab", -4), new("abab", -5), new("l", -6, SentencePieceKind.Unused),
    ];

    public string Name => "sentencepiece";

    public bool NeedsFile => false;

    public IReadOnlyList<byte[]> Seeds { get; } =
    [
        .. Enum.GetValues<SentencePieceAlgorithm>().Select(algorithm => SentencePieceBytes.File(Pieces, new SentencePieceOptions { Algorithm = algorithm, CharacterMap = SentencePieceBytes.CharacterMap() })),
        SentencePieceBytes.File([.. Pieces, .. Enumerable.Range(0, 256).Select(value => new SentencePiece($"<0x{value:X2}>", 0, SentencePieceKind.Byte))], new SentencePieceOptions { ByteFallback = true }),
    ];

    public void Read(byte[] content, string path)
    {
        SentencePieceModel model = SentencePieceModel.Parse(content);
        model.Decode(model.Encode(" Hello  wörld, 123 abab\t\u4e2d\u0301 😀").Ids);
    }
}
