using System.Text;
using Graft.Text.Characters;
using Graft.Text.Pipeline;

namespace Graft.Text.PreTokenizers;

/// <summary>Rewrites text in the stand-ins for its UTF-8 bytes. All bytes of a character stand for that whole character.</summary>
internal static class ByteLevelSpelling
{
    /// <summary>Spells the pieces of a text; what lies between pieces is dropped.</summary>
    internal static void Spell(PreTokenizedText text)
    {
        AlignedText old = text.Text;
        if (Ascii.IsValid(old.Characters))
        {
            text.Rewrite(old.WithCharacters(SpellAscii(old.Characters)), text.Pieces);
            return;
        }

        var rewriter = new TextRewriter(old);
        var pieces = new List<TextRange>(text.Pieces.Count);
        foreach (TextRange piece in text.Pieces)
        {
            int start = rewriter.Length;
            Spell(ref rewriter, old, piece);
            pieces.Add(new TextRange(start, rewriter.Length));
        }

        text.Rewrite(rewriter.ToText(), pieces);
    }

    /// <summary>Spells a whole text.</summary>
    internal static AlignedText Spell(AlignedText text)
    {
        var rewriter = new TextRewriter(text);
        Spell(ref rewriter, text, new TextRange(0, text.Length));
        return rewriter.ToText();
    }

    private static char[] SpellAscii(ReadOnlySpan<char> text)
    {
        var spelled = new char[text.Length];
        for (int i = 0; i < spelled.Length; i++)
        {
            spelled[i] = ByteLevelAlphabet.CharacterOf((byte)text[i]);
        }

        return spelled;
    }

    private static void Spell(ref TextRewriter rewriter, AlignedText text, TextRange piece)
    {
        ReadOnlySpan<char> characters = text.Characters[..piece.End];
        Span<byte> bytes = stackalloc byte[4];
        for (int at = piece.Start; at < piece.End;)
        {
            if (characters[at] < 0x80)
            {
                rewriter.Append(ByteLevelAlphabet.CharacterOf((byte)characters[at]), text.SourceOf(at));
                at++;
                continue;
            }

            Rune.DecodeFromUtf16(characters[at..], out Rune rune, out int width);
            TextRange source = text.SourceOf(new TextRange(at, at + width));
            int count = rune.EncodeToUtf8(bytes);
            for (int i = 0; i < count; i++)
            {
                rewriter.Append(ByteLevelAlphabet.CharacterOf(bytes[i]), source);
            }

            at += width;
        }
    }
}
