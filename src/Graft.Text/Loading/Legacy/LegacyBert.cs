using Graft.Text.AddedTokens;
using Graft.Text.Decoders;
using Graft.Text.Models;
using Graft.Text.Normalizers;
using Graft.Text.PostProcessors;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Loading.Legacy;

/// <summary>BERT from vocab.txt.</summary>
internal static class LegacyBert
{
    /// <summary>[CLS] A [SEP] B [SEP] over WordPiece; <c>do_lower_case</c>, <c>strip_accents</c> and <c>tokenize_chinese_chars</c> as configured.</summary>
    internal static TokenizerParts Build(LegacyFolder folder)
    {
        folder.SetDefaults(("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("cls_token", "[CLS]"), ("mask_token", "[MASK]"));
        bool lowercase = folder.Flag("do_lower_case", true);
        var normalizer = new BertNormalizer(
            cleanText: true, folder.Flag("tokenize_chinese_chars", true), stripAccents: folder.Flag("strip_accents", lowercase), lowercase);
        Vocabulary vocabulary = folder.ReadVocabularyText();
        var model = new WordPieceModel(vocabulary, folder.SpecialTokens["unk_token"], "##", maxInputCharsPerWord: 100);
        AddedVocabulary added = folder.Add(vocabulary, normalizer);
        added.TryGetId(folder.SpecialTokens["cls_token"], out int start);
        added.TryGetId(folder.SpecialTokens["sep_token"], out int separator);
        return new TokenizerParts
        {
            Normalizer = normalizer,
            PreTokenizer = new BertPreTokenizer(),
            Model = model,
            Added = added,
            PostProcessor = new TemplatePostProcessor(
                [new TemplatePiece(null, [start], 0), new TemplatePiece(0, [], 0), new TemplatePiece(null, [separator], 0)],
                [
                    new TemplatePiece(null, [start], 0), new TemplatePiece(0, [], 0), new TemplatePiece(null, [separator], 0),
                    new TemplatePiece(1, [], 1), new TemplatePiece(null, [separator], 1),
                ]),
            Decoder = new WordPieceDecoder("##", cleanup: true),
        };
    }
}
