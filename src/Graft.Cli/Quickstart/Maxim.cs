namespace Graft.Cli.Quickstart;

/// <summary>A maxim with what the base model and the adapter say about it.</summary>
/// <param name="Quote">The text.</param>
/// <param name="Tags">Its true tags.</param>
/// <param name="Base">The tags that the base model names.</param>
/// <param name="Adapter">The tags that the adapter names.</param>
internal sealed record Maxim(string Quote, IReadOnlyList<string> Tags, string Base, string Adapter);
