namespace Graft.Generation;

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>An end token (<c>eos_token_id</c>) came.</summary>
    EndToken,

    /// <summary>One of <c>stop_strings</c> came.</summary>
    StopString,

    /// <summary>The longest length was reached: <c>max_new_tokens</c>, <c>max_length</c>, or the model's last position.</summary>
    Length,

    /// <summary><c>max_time</c> was over.</summary>
    Time,
}
