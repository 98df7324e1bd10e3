using Graft.Text.AddedTokens;
using Graft.Text.Decoders;
using Graft.Text.Models;
using Graft.Text.Normalizers;
using Graft.Text.Patterns;
using Graft.Text.PostProcessors;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Loading.Legacy;

/// <summary>Byte-level BPE from vocab.json and merges.txt.</summary>
internal static class LegacyByteLevel
{
    private const string QwenPattern
        = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>GPT-2: its pattern, no special tokens unless add_bos_token is set.</summary>
    internal static TokenizerParts BuildGpt2(LegacyFolder folder)
    {
        const string EndOfText = "<|endoftext|>";
        folder.SetDefaults(("bos_token", EndOfText), ("eos_token", EndOfText), ("unk_token", EndOfText));
        (BpeModel model, AddedVocabulary added) = ReadModel(folder, null);
        TemplatePiece[] start = folder.Flag("add_bos_token", false) && added.TryGetId(folder.SpecialTokens["bos_token"], out int bos) ? [new TemplatePiece(null, [bos], 0)] : [];
        return new TokenizerParts
        {
            PreTokenizer = new ByteLevelPreTokenizer(folder.Flag("add_prefix_space", false), useRegex: true),
            Model = model,
            Added = added,
            PostProcessor = new TemplatePostProcessor(
                [.. start, new TemplatePiece(0, [], 0)],
                [.. start, new TemplatePiece(0, [], 0), .. start.Select(piece => piece with { TypeId = 1 }), new TemplatePiece(1, [], 1)]),
            Decoder = new ByteLevelDecoder(),
        };
    }

    /// <summary>RoBERTa and BART: GPT-2's pieces between &lt;s&gt; and &lt;/s&gt;, offsets trimmed.</summary>
    internal static TokenizerParts BuildRoberta(LegacyFolder folder)
    {
        folder.SetDefaults(
            ("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("sep_token", "</s>"), ("pad_token", "<pad>"), ("cls_token", "<s>"), ("mask_token", "<mask>"));
        (BpeModel model, AddedVocabulary added) = ReadModel(folder, null);
        bool addPrefixSpace = folder.Flag("add_prefix_space", false);
        added.TryGetId(folder.SpecialTokens["sep_token"], out int separator);
        added.TryGetId(folder.SpecialTokens["cls_token"], out int start);
        return new TokenizerParts
        {
            PreTokenizer = new ByteLevelPreTokenizer(addPrefixSpace, useRegex: true),
            Model = model,
            Added = added,
            PostProcessor = new RobertaPostProcessor(
                separator, start, folder.Flag("trim_offsets", true) ? new OffsetTrimming(addPrefixSpace, id => TokenizerParts.TokenOf(id, model, added)) : null),
            Decoder = new ByteLevelDecoder(),
        };
    }

    /// <summary>Qwen2: NFC, a pattern that takes digits one by one.</summary>
    internal static TokenizerParts BuildQwen2(LegacyFolder folder)
    {
        const string EndOfText = "<|endoftext|>";
        folder.SetDefaults(("eos_token", EndOfText), ("unk_token", EndOfText), ("pad_token", EndOfText));
        var normalizer = new NormalFormNormalizer(compose: true, compatibility: false);
        (BpeModel model, AddedVocabulary added) = ReadModel(folder, normalizer);
        return new TokenizerParts
        {
            Normalizer = normalizer,
            PreTokenizer = new SequencePreTokenizer(
            [
                new SplitPreTokenizer(new RegexPattern(QwenPattern), SplitBehavior.Isolated),
                new ByteLevelPreTokenizer(folder.Flag("add_prefix_space", false), useRegex: false),
            ]),
            Model = model,
            Added = added,
            Decoder = new ByteLevelDecoder(),
        };
    }

    private static (BpeModel Model, AddedVocabulary Added) ReadModel(LegacyFolder folder, INormalizer? normalizer)
    {
        Vocabulary vocabulary = folder.ReadVocabularyJson();
        var model = new BpeModel(vocabulary, folder.ReadMerges(vocabulary), new BpeOptions());
        return (model, folder.Add(vocabulary, normalizer));
    }
}
