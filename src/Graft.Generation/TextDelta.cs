namespace Graft.Generation;

/// <summary>A piece of a text that is being generated.</summary>
/// <param name="Index">Which text: in the order of the prompts, <c>num_return_sequences</c> for each.</param>
/// <param name="Text">What is new and final: whole characters, nothing of a stop string.</param>
/// <param name="Result">The whole text, with its last piece; null before.</param>
public readonly record struct TextDelta(int Index, string Text, GeneratedText? Result);
