using Graft.Text.SentencePieces;
using Xunit;

namespace Graft.Text.Tests;

public sealed class SentencePieceTests
{
    private static readonly SentencePiece s_unknown = new("<unk>", 0, SentencePieceKind.Unknown);
    private static readonly SentencePiece s_begin = new("<s>", 0, SentencePieceKind.Control);

    [Fact]
    public void UnigramTakesTheLikeliestSegmentation()
    {
        SentencePieceModel model = Model(new SentencePieceOptions(), ("▁", -2), ("a", -3), ("b", -3), ("ab", -5), ("▁a", -3.5f), ("▁ab", -9), ("c", -1));
        Assert.Equal(["▁a", "b", "c"], model.Encode("abc").Pieces);
        Assert.Equal(["▁", "c", "ab"], model.Encode("cab").Pieces);
    }

    [Fact]
    public void UnknownCharactersInARowAreOneToken()
    {
        SentencePieceModel model = Model(new SentencePieceOptions(), ("▁", -2), ("a", -3));
        SentencePieceEncoding encoding = model.Encode("aéüa");
        Assert.Equal(["▁", "a", "éü", "a"], encoding.Pieces);
        Assert.Equal([(0, 0), (0, 1), (1, 5), (5, 6)], encoding.Offsets);
        Assert.Equal("a \u2047 a", model.Decode(encoding.Ids));
    }

    [Fact]
    public void SymbolsMatchFirstAndControlsNever()
    {
        SentencePieceModel model = Model(
            new SentencePieceOptions(),
            [s_unknown, s_begin, new("<x y>", 0, SentencePieceKind.UserDefined), new("▁", -2), new("a", -1), new("<", -1), new("s", -1), new(">", -1), new("as", -0.5f, SentencePieceKind.Unused)]);
        Assert.Equal(["▁", "a", "<", "s", ">"], model.Encode("a<s>").Pieces);
        Assert.Equal(["▁", "a", "s"], model.Encode("as").Pieces);
        Assert.Equal(1, model.BosId);
        Assert.Null(model.EosId);
        Assert.Equal("a", model.Decode([1, 3, 4, 1]));
    }

    [Theory]
    [InlineData(true, true, "  a  b ", "▁a▁b")]
    [InlineData(false, true, "  a  b ", "a▁b")]
    [InlineData(true, false, "  a  b ", "▁▁▁a▁▁b▁")]
    [InlineData(false, false, " a", "▁a")]
    [InlineData(true, true, "   ", "")]
    [InlineData(true, true, "", "")]
    [InlineData(true, false, "", "")]
    public void SpacesAreSeenTo(bool prefix, bool removesExtra, string text, string expected)
        => Assert.Equal(expected, Model(new SentencePieceOptions { AddDummyPrefix = prefix, RemoveExtraWhitespaces = removesExtra }, ("a", -1)).Encode(text).Normalized);

    [Fact]
    public void SpacesMayEndTokens()
    {
        SentencePieceModel model = Model(new SentencePieceOptions { WhitespaceAsSuffix = true, Algorithm = SentencePieceAlgorithm.Bpe }, ("a", -3), ("b", -4), ("▁", -5), ("a▁", -1));
        SentencePieceEncoding encoding = model.Encode("a b");
        Assert.Equal("a▁b▁", encoding.Normalized);
        Assert.Equal(["a▁", "b", "▁"], encoding.Pieces);
        Assert.Equal([(0, 2), (2, 3), (3, 3)], encoding.Offsets);
    }

    [Fact]
    public void BpeMergesByScoreThenFromTheLeft()
    {
        SentencePieceModel model = Model(
            new SentencePieceOptions { Algorithm = SentencePieceAlgorithm.Bpe, AddDummyPrefix = false }, ("a", -9), ("b", -9), ("ab", -1), ("ba", -1), ("aba", -2), ("bab", -0.5f));
        Assert.Equal(["ab", "ab"], model.Encode("abab").Pieces);
        Assert.Equal(["aba"], model.Encode("aba").Pieces);
    }

    [Fact]
    public void UnusedMergesAreTakenApartAgain()
    {
        SentencePieceModel model = Model(
            new SentencePieceOptions { Algorithm = SentencePieceAlgorithm.Bpe, AddDummyPrefix = false },
            [s_unknown, new("a", -9), new("b", -9), new("c", -9), new("ab", -1, SentencePieceKind.Unused), new("abc", -2, SentencePieceKind.Unused)]);
        Assert.Equal(["a", "b", "c"], model.Encode("abc").Pieces);
    }

    [Fact]
    public void WordsAndCharacters()
    {
        SentencePieceModel words = Model(new SentencePieceOptions { Algorithm = SentencePieceAlgorithm.Word }, ("▁ab", 0), ("▁c", 0));
        Assert.Equal([1, 2, 0], words.Encode("ab c d").Ids);
        SentencePieceModel characters = Model(new SentencePieceOptions { Algorithm = SentencePieceAlgorithm.Character, AddDummyPrefix = false }, ("a", 0), ("é", 0));
        Assert.Equal([2, 1, 0], characters.Encode("éax").Ids);
    }

    [Theory]
    [InlineData(SentencePieceAlgorithm.Unigram)]
    [InlineData(SentencePieceAlgorithm.Bpe)]
    public void BytesSpellAnything(SentencePieceAlgorithm algorithm)
    {
        SentencePieceModel model = WithBytes(algorithm);
        SentencePieceEncoding encoding = model.Encode("a😀");
        Assert.Equal([(0, 1), (1, 1), (1, 1), (1, 1), (1, 5)], encoding.Offsets);
        foreach (string text in new[] { "héllo wörld", "😀 a\n\tb", "a\u0000b", "日本語 text", "\uFFFD" })
        {
            Assert.Equal(text, model.Decode(model.Encode(text).Ids));
        }

        Assert.Equal("\uFFFD\uFFFDa", model.Decode([.. model.Encode("😀").Ids.Take(2), .. model.Encode("a").Ids]));
        Assert.Equal("\uFFFD", model.Decode(model.Encode("\uD800").Ids));
    }

    [Fact]
    public void LongTextsTakeLinearlyManySteps()
    {
        SentencePieceModel model = WithBytes(SentencePieceAlgorithm.Bpe);
        string text = string.Concat(Enumerable.Repeat("ab ", 100_000));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(text, model.Decode(model.Encode(text).Ids));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"300,000 characters took {clock.Elapsed}");
    }

    [Fact]
    public void IdsOutsideTheVocabularyAreRefused()
        => Assert.Throws<ArgumentOutOfRangeException>(() => Model(new SentencePieceOptions(), ("a", -1)).Decode([2]));

    private static SentencePieceModel WithBytes(SentencePieceAlgorithm algorithm)
        => Model(
            new SentencePieceOptions { Algorithm = algorithm, ByteFallback = true, AddDummyPrefix = false, RemoveExtraWhitespaces = false },
            [s_unknown, .. Enumerable.Range(0, 256).Select(i => new SentencePiece($"<0x{i:X2}>", 0, SentencePieceKind.Byte)), new("▁", -3), new("a", -2), new("b", -2), new("ab", -1)]);

    private static SentencePieceModel Model(SentencePieceOptions options, params (string Text, float Score)[] pieces)
        => Model(options, [s_unknown, .. pieces.Select(piece => new SentencePiece(piece.Text, piece.Score))]);

    // By way of the file, so that the reader is tested too.
    private static SentencePieceModel Model(SentencePieceOptions options, SentencePiece[] pieces) => SentencePieceModel.Parse(SentencePieceBytes.File(pieces, options));
}
