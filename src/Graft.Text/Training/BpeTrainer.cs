using System.Runtime.InteropServices;
using Graft.Text.Characters;
using Graft.Text.Loading;
using Graft.Text.Pipeline;
using Graft.Text.PreTokenizers;

namespace Graft.Text.Training;

/// <summary>
/// Learns a byte-level BPE vocabulary: starts from the 256 bytes and again and again merges the most frequent pair of
/// neighbouring tokens within the pieces of the texts. The same texts and options give the same bytes.
/// </summary>
public static class BpeTrainer
{
    private const int Bytes = 256;

    /// <summary>Learns a tokenizer; <see cref="Tokenizer.Save"/> writes its tokenizer.json and tokenizer_config.json.</summary>
    /// <param name="texts">The texts; they are read once, one at a time.</param>
    /// <param name="options">Size, special tokens and pattern.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="ArgumentException">The size leaves no room for bytes and special tokens, or these are not distinct.</exception>
    /// <exception cref="InvalidDataException">The pattern cannot be used.</exception>
    public static Tokenizer Train(IEnumerable<string> texts, BpeTrainerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(options);
        var tokens = new List<string>(options.SpecialTokens);
        tokens.AddRange(Enumerable.Range(0, Bytes).Select(value => ByteLevelAlphabet.CharacterOf((byte)value)).Order().Select(character => character.ToString()));
        if (tokens.Distinct().Count() != tokens.Count || tokens.Contains(string.Empty))
        {
            throw new ArgumentException("special tokens must be distinct, not empty and no single byte-level characters", nameof(options));
        }

        if (options.VocabularySize < tokens.Count)
        {
            throw new ArgumentException($"a vocabulary of {options.VocabularySize} has no room for {Bytes} bytes and {options.SpecialTokens.Count} special tokens", nameof(options));
        }

        IPreTokenizer preTokenizer = TokenizerJson.Read(TokenizerJsonWriter.Write(options, tokens, []), TokenizerFolder.JsonFile).PreTokenizer!;
        List<(string Left, string Right)> merges = Learn(CountPieces(texts, preTokenizer, cancellation), tokens, options, cancellation);
        return Tokenizer.Create(TokenizerJsonWriter.Write(options, tokens, merges), TokenizerJsonWriter.WriteConfig(options.SpecialTokenRoles));
    }

    private static Dictionary<string, long> CountPieces(IEnumerable<string> texts, IPreTokenizer preTokenizer, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            var pieces = new PreTokenizedText(new AlignedText(CodePoints.Repair(text).AsMemory(), 0));
            preTokenizer.PreTokenize(pieces);
            ReadOnlySpan<char> characters = pieces.Text.Characters;
            foreach (TextRange piece in pieces.Pieces)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(lookup, characters[piece.Start..piece.End], out _)++;
            }
        }

        return counts;
    }

    private static List<(string Left, string Right)> Learn(
        Dictionary<string, long> pieces, List<string> tokens, BpeTrainerOptions options, CancellationToken cancellation)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int id = 0; id < tokens.Count; id++)
        {
            ids[tokens[id]] = id;
        }

        TrainingWord[] words = pieces.Select(piece => new TrainingWord(piece.Key.Select(character => ids[character.ToString()]), piece.Value)).ToArray();
        var counts = new PairCounts();
        for (int i = 0; i < words.Length; i++)
        {
            words[i].CountPairs(counts, i);
        }

        var merges = new List<(string Left, string Right)>();
        while (tokens.Count < options.VocabularySize && counts.TryTakeMostFrequent(out TokenPair pair, out long count) && count >= Math.Max(1, options.MinFrequency))
        {
            cancellation.ThrowIfCancellationRequested();
            string token = tokens[pair.Left] + tokens[pair.Right];
            if (!ids.TryGetValue(token, out int id))
            {
                id = tokens.Count;
                ids.Add(token, id);
                tokens.Add(token);
            }

            merges.Add((tokens[pair.Left], tokens[pair.Right]));
            foreach (int word in counts.Remove(pair))
            {
                words[word].Merge(pair, id, counts, word);
            }
        }

        return merges;
    }
}
