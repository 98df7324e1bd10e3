using System.Globalization;
using Graft.Text.AddedTokens;
using Graft.Text.Characters;
using Graft.Text.Decoders;
using Graft.Text.Models;
using Graft.Text.Normalizers;
using Graft.Text.Patterns;
using Graft.Text.PostProcessors;
using Graft.Text.PreTokenizers;
using Graft.Text.SentencePieces;

namespace Graft.Text.Loading.Legacy;

/// <summary>What transformers makes of a SentencePiece file alone. It is not SentencePiece itself: special tokens are found in text, and spaces differ.</summary>
internal static class LegacySentencePiece
{
    private const char Mark = '\u2581';
    private const int UsualExtraIds = 100;

    /// <summary>Llama from tokenizer.model: BPE over the whole text, bytes for what cannot be spelled, <c>&lt;s&gt;</c> in front.</summary>
    internal static TokenizerParts BuildLlama(LegacyFolder folder)
    {
        folder.SetDefaults(("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"));
        SentencePieceModel file = Read(folder, "tokenizer.model", SentencePieceAlgorithm.Bpe);
        Vocabulary vocabulary = VocabularyOf(file);
        var options = new BpeOptions { UnknownToken = folder.SpecialTokens["unk_token"], FuseUnknown = true, ByteFallback = true };
        AddedVocabulary added = folder.Add(vocabulary, normalizer: null);
        bool prefix = folder.Flag("add_prefix_space", true);
        PrependScheme scheme = !prefix ? PrependScheme.Never : folder.Flag("legacy", true) ? PrependScheme.Always : PrependScheme.First;
        IEnumerable<IDecoder> decoders = [new ReplaceDecoder(new LiteralPattern(Mark.ToString()), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        return new TokenizerParts
        {
            PreTokenizer = new MetaspacePreTokenizer(Mark, scheme, split: false),
            Model = new BpeModel(vocabulary, MergesOf(file, vocabulary), options),
            Added = added,
            PostProcessor = Frame(
                folder.Flag("add_bos_token", true) ? folder.SpecialTokens["bos_token"] : null, folder.Flag("add_eos_token", false) ? folder.SpecialTokens["eos_token"] : null, added, pairType: 1),
            Decoder = new SequenceDecoder([.. prefix ? decoders.Append(new StripDecoder(' ', start: 1, stop: 0)) : decoders]),
        };
    }

    /// <summary>T5 from spiece.model: unigram over words, <c>&lt;/s&gt;</c> behind, sentinels counted down from the end of the vocabulary.</summary>
    internal static TokenizerParts BuildT5(LegacyFolder folder)
    {
        folder.SetDefaults(("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>"));
        SentencePieceModel file = Read(folder, "spiece.model", SentencePieceAlgorithm.Unigram);
        var model = new UnigramModel([.. file.Pieces.Select(piece => (piece.Text, (double)piece.Score))], file.UnknownId, byteFallback: false);
        INormalizer? normalizer = file.Options.CharacterMap.IsEmpty ? null : new PrecompiledNormalizer(new PrecompiledCharacterMap(file.Options.CharacterMap.Span));
        int sentinels = folder.ExtraIds ?? UsualExtraIds;
        if (sentinels is < 0 or > 10000)
        {
            throw new InvalidDataException($"{folder.PathOf(TokenizerFolder.ConfigFile)}: extra_ids must be from 0 to 10000, but is {sentinels}");
        }

        IEnumerable<AddedToken> extra = Enumerable.Range(1, sentinels).Select(i => new AddedToken($"<extra_id_{(sentinels - i).ToString(CultureInfo.InvariantCulture)}>", Special: true));
        AddedVocabulary added = folder.Add(model.Vocabulary, normalizer, extra.Where(token => folder.AddedTokens.TrueForAll(known => known.Content != token.Content)));
        return new TokenizerParts
        {
            Normalizer = normalizer,
            PreTokenizer = new SequencePreTokenizer([new SplitPreTokenizer(new CharacterPattern(CharacterClasses.WhiteSpace), SplitBehavior.Removed), new MetaspacePreTokenizer(Mark, PrependScheme.Always, split: true)]),
            Model = model,
            Added = added,
            PostProcessor = Frame(start: null, folder.SpecialTokens["eos_token"], added, pairType: 0),
            Decoder = new MetaspaceDecoder(Mark, dropFirst: true),
        };
    }

    private static SentencePieceModel Read(LegacyFolder folder, string name, SentencePieceAlgorithm wanted)
    {
        string path = folder.Require(name);
        SentencePieceModel model = SentencePieceModel.Load(path);
        return model.Options.Algorithm == wanted
            ? model
            : throw new InvalidDataException($"{path}: its algorithm is {model.Options.Algorithm}, but tokenizer_class {folder.TokenizerClass} needs {wanted}; the files do not belong together");
    }

    private static Vocabulary VocabularyOf(SentencePieceModel file)
    {
        var ids = new Dictionary<string, int>(file.Pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < file.Pieces.Count; id++)
        {
            ids[file.Pieces[id].Text] = id;
        }

        return new Vocabulary(ids);
    }

    /// <summary>The merges that lead to each token: every way to cut it into two tokens. Better scores first, then longer left sides, then longer right ones.</summary>
    private static MergeTable MergesOf(SentencePieceModel file, Vocabulary vocabulary)
    {
        var byIds = Comparer<(int Left, int Right, int, float, int, int)>.Create(static (a, b) => (a.Left, a.Right).CompareTo((b.Left, b.Right)));
        var merges = new List<(int Left, int Right, int Result, float Score, int LeftLength, int RightLength)>();
        for (int id = 0; id < file.Pieces.Count; id++)
        {
            (string text, float score, _) = file.Pieces[id];
            int first = merges.Count;
            int length = CodePoints.Count(text);
            for (int at = 1; at < text.Length; at++)
            {
                if (!char.IsLowSurrogate(text[at]) && vocabulary.TryGetId(text.AsSpan(0, at), out int left) && vocabulary.TryGetId(text.AsSpan(at), out int right))
                {
                    int leftLength = CodePoints.Count(text.AsSpan(0, at));
                    merges.Add((left, right, id, score, leftLength, length - leftLength));
                }
            }

            merges.Sort(first, merges.Count - first, byIds);
        }

        var table = new MergeTable();
        int rank = 0;
        foreach ((int left, int right, int result, _, _, _) in merges.OrderByDescending(merge => merge.Score).ThenByDescending(merge => merge.LeftLength).ThenByDescending(merge => merge.RightLength))
        {
            table.Add(left, right, rank++, result);
        }

        return table;
    }

    /// <summary>Special tokens before and behind each text.</summary>
    private static TemplatePostProcessor Frame(string? start, string? end, AddedVocabulary added, int pairType)
    {
        TemplatePiece[] Of(string? token, int type) => token is not null && added.TryGetId(token, out int id) ? [new TemplatePiece(null, [id], type)] : [];
        TemplatePiece[] single = [.. Of(start, 0), new TemplatePiece(0, [], 0), .. Of(end, 0)];
        return new TemplatePostProcessor(single, [.. single, .. Of(start, pairType), new TemplatePiece(1, [], pairType), .. Of(end, pairType)]);
    }
}
