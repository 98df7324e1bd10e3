using System.Runtime.InteropServices;

namespace Graft.Generation.Decoding;

/// <summary>Tokens of one sequence, and the slot of the cache that it is computed in.</summary>
/// <param name="prompt">The tokens that it begins with; at least one.</param>
/// <param name="capacity">Tokens that it may grow to without allocating.</param>
internal sealed class TokenStream(ReadOnlySpan<int> prompt, int capacity)
{
    private readonly List<int> _tokens = Copy(prompt, capacity);

    /// <summary>All tokens, the newest last.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    public int Count => _tokens.Count;

    public int PromptLength { get; } = prompt.Length;

    /// <summary>The slot in the cache; -1 while it waits.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Where its logits are in those of the step.</summary>
    public int LogitRow { get; set; }

    public void Add(int token) => _tokens.Add(token);

    private static List<int> Copy(ReadOnlySpan<int> prompt, int capacity)
    {
        var tokens = new List<int>(Math.Max(capacity, prompt.Length));
        tokens.AddRange(prompt);
        return tokens;
    }
}
