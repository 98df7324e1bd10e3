namespace Graft.Text.AddedTokens;

/// <summary>A token that is found in the text before the model sees it; fields as in tokenizer.json.</summary>
/// <param name="Content">The text of the token.</param>
/// <param name="SingleWord">Whether it must not touch word characters.</param>
/// <param name="LeftStrip">Whether it swallows white space before it.</param>
/// <param name="RightStrip">Whether it swallows white space after it.</param>
/// <param name="Normalized">Whether it is searched for in the normalized text, normalized itself.</param>
/// <param name="Special">Whether decoding can leave it out.</param>
internal sealed record AddedToken(string Content, bool SingleWord = false, bool LeftStrip = false, bool RightStrip = false, bool Normalized = false, bool Special = false);
