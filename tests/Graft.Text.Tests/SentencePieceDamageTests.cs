using Graft.Text.SentencePieces;
using Xunit;

namespace Graft.Text.Tests;

/// <summary>Files that are cut off, changed, or made to do harm.</summary>
public sealed class SentencePieceDamageTests
{
    private static readonly SentencePiece[] SamplePieces =
    [
        new("<unk>", 0, SentencePieceKind.Unknown), new("<s>", 0, SentencePieceKind.Control), new("▁a", -1), new("b", -2), new("é", -2.5f), new("  ", 0, SentencePieceKind.UserDefined),
        new("▁", -3), new("ab", -4, SentencePieceKind.Unused),
    ];

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "cut off or too long", [.. SentencePieceBytes.Tag(1, 2), 0xFF, 0xFF, 0xFF] },
        { "cut off or too long", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01] },
        { "claims 9223372036854775807 bytes", [.. SentencePieceBytes.Tag(1, 2), .. SentencePieceBytes.Varint(long.MaxValue)] },
        { "claims 100 bytes", [.. SentencePieceBytes.Tag(1, 2), 100, 1, 2] },
        { "wire type 3", [.. SentencePieceBytes.Tag(9, 3)] },
        { "impossible number", [0x02, 0x00] },
        { "must be Bytes", [.. SentencePieceBytes.Tag(1, 0), 1] },
        { "must be Fixed32", [.. SentencePieceBytes.Bytes(1, [.. SentencePieceBytes.Tag(2, 0), 1])] },
        { "not valid UTF-8", [.. SentencePieceBytes.Bytes(1, [.. SentencePieceBytes.Bytes(1, [0xC3])])] },
        { "has type 9", [.. SentencePieceBytes.Bytes(1, [.. SentencePieceBytes.Tag(3, 0), 9])] },
        { "model_type 7", [.. SentencePieceBytes.Bytes(2, [.. SentencePieceBytes.Tag(3, 0), 7])] },
        { "none of its 0 pieces", [] },
        { "is empty", SentencePieceBytes.File([new("", 0)], new SentencePieceOptions()) },
        { "the score NaN", SentencePieceBytes.File([new("a", float.NaN)], new SentencePieceOptions()) },
        { "occurs twice", SentencePieceBytes.File([.. SamplePieces, new("b", 0)], new SentencePieceOptions()) },
        { "occurs twice", SentencePieceBytes.File([.. SamplePieces, new("<unk2>", 0, SentencePieceKind.Unknown)], new SentencePieceOptions()) },
        { "byte_fallback is off", SentencePieceBytes.File([.. SamplePieces, new("<0x00>", 0, SentencePieceKind.Byte)], new SentencePieceOptions()) },
        { "names none", SentencePieceBytes.File([.. SamplePieces, new("<0xZZ>", 0, SentencePieceKind.Byte)], new SentencePieceOptions { ByteFallback = true }) },
        { "<0x00> is missing", SentencePieceBytes.File(SamplePieces, new SentencePieceOptions { ByteFallback = true }) },
        { "precompiled character map", SentencePieceBytes.File(SamplePieces, new SentencePieceOptions { CharacterMap = new byte[] { 1, 2 } }) },
        { "precompiled character map", SentencePieceBytes.File(SamplePieces, new SentencePieceOptions { CharacterMap = new byte[] { 255, 255, 255, 127, 0 } }) },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void HostileFilesAreRefusedWithTheReason(string expected, byte[] content)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SentencePieceModel.Parse(content, "evil.model"));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("evil.model", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    [InlineData(SentencePieceAlgorithm.Word)]
    [InlineData(SentencePieceAlgorithm.Character)]
    public void AnyCutOrChangedByteIsRefusedOrHarmless(SentencePieceAlgorithm algorithm)
    {
        byte[] file = SentencePieceBytes.File(SamplePieces, new SentencePieceOptions { Algorithm = algorithm, CharacterMap = SentencePieceBytes.CharacterMap() });
        Assert.Equal("▁b▁a", SentencePieceModel.Parse(file).Encode("A a").Normalized);
        for (int i = 0; i < file.Length; i++)
        {
            Try(file.AsSpan(0, i));
            foreach (int change in new[] { 1, 0x80, 0xFF, 0x7F })
            {
                byte[] changed = [.. file];
                changed[i] = (byte)(changed[i] ^ change);
                Try(changed);
            }
        }
    }

    /// <summary>A file that is refused must say so; one that loads must work on any text.</summary>
    private static void Try(ReadOnlySpan<byte> content)
    {
        SentencePieceModel model;
        try
        {
            model = SentencePieceModel.Parse(content);
        }
        catch (InvalidDataException)
        {
            return;
        }

        foreach (string text in new[] { "", "  ", "a  b ab A\u0301é", "▁▁<s>😀", "AAA" })
        {
            SentencePieceEncoding encoding = model.Encode(text);
            Assert.All(encoding.Ids, id => Assert.InRange(id, 0, model.Pieces.Count - 1));
            model.Decode(encoding.Ids);
        }
    }
}
