namespace Graft.Text.Loading.Legacy;

/// <summary>
/// Tokenizers of folders without tokenizer.json, built from the older files as transformers builds the class that
/// tokenizer_config.json names.
/// </summary>
internal static class LegacyTokenizers
{
    private const string Known = "BartTokenizer, BertTokenizer, CodeGenTokenizer, DistilBertTokenizer, ElectraTokenizer, GPT2Tokenizer, LlamaTokenizer, MT5Tokenizer, Qwen2Tokenizer, RobertaTokenizer, T5Tokenizer";

    /// <summary>The components, and the special tokens by the part they play.</summary>
    /// <exception cref="FileNotFoundException">The folder lacks files.</exception>
    /// <exception cref="InvalidDataException">A file is malformed.</exception>
    /// <exception cref="NotSupportedException">The class is not known.</exception>
    internal static (TokenizerParts Parts, Dictionary<string, string> SpecialTokens) Load(string path)
    {
        var folder = new LegacyFolder(path);
        string name = folder.TokenizerClass ?? Guess(folder, path);
        TokenizerParts parts = name switch
        {
            "GPT2Tokenizer" or "CodeGenTokenizer" => LegacyByteLevel.BuildGpt2(folder),
            "Qwen2Tokenizer" => LegacyByteLevel.BuildQwen2(folder),
            "RobertaTokenizer" or "BartTokenizer" => LegacyByteLevel.BuildRoberta(folder),
            "LlamaTokenizer" => LegacySentencePiece.BuildLlama(folder),
            "T5Tokenizer" or "MT5Tokenizer" => LegacySentencePiece.BuildT5(folder),
            "BertTokenizer" or "DistilBertTokenizer" or "ElectraTokenizer" => LegacyBert.Build(folder),
            _ => throw new NotSupportedException(
                $"'{path}' has no tokenizer.json, and its tokenizer_class '{name}' is not one that can be built from other files ({Known}); save the tokenizer with transformers to get a tokenizer.json"),
        };
        return (parts, folder.SpecialTokens);
    }

    private static string Guess(LegacyFolder folder, string path)
    {
        if (folder.Has("vocab.json") && folder.Has("merges.txt"))
        {
            return "GPT2Tokenizer";
        }

        return folder.Has("vocab.txt") ? "BertTokenizer"
            : folder.Has("tokenizer.model") ? "LlamaTokenizer"
            : folder.Has("spiece.model") ? "T5Tokenizer"
            : throw new FileNotFoundException($"'{path}' holds no tokenizer: no tokenizer.json, no vocab.json with merges.txt, no vocab.txt, no tokenizer.model, no spiece.model", path);
    }
}
