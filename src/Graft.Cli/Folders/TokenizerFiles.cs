namespace Graft.Cli.Folders;

/// <summary>Files that a tokenizer is made of.</summary>
internal static class TokenizerFiles
{
    private static readonly string[] Names = ["tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt"];

    /// <summary>Whether a folder holds a tokenizer.</summary>
    public static bool AreIn(string folder) => Array.Exists(Names, name => File.Exists(Path.Combine(folder, name)));
}
