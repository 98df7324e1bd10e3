using System.CommandLine;

namespace Graft.Cli.Evaluation;

/// <summary>The flags that say how rows become samples.</summary>
internal sealed class EvaluationFlags
{
    /// <summary>One template.</summary>
    public Option<string?> Template { get; } = new("--template") { Description = "how a row becomes a text: {column}, {|} where the completion begins (default: the run's)", HelpName = "TEXT" };

    /// <summary>Template of the prompt.</summary>
    public Option<string?> Prompt { get; } = new("--prompt_template", "--prompt-template") { Description = "how a row becomes a prompt, which is given", HelpName = "TEXT" };

    /// <summary>Template of the completion.</summary>
    public Option<string?> Completion { get; } = new("--completion_template", "--completion-template") { Description = "how a row becomes a completion, which is measured", HelpName = "TEXT" };

    /// <summary>Column of the text.</summary>
    public Option<string?> TextField { get; } = new("--text_field", "--text-field") { Description = "column that holds the text, where there is no template (default: text)", HelpName = "COLUMN" };

    /// <summary>Most tokens of a sample.</summary>
    public Option<int?> MaxLength { get; } = new("--max_length", "--max-length") { Description = "most tokens of a sample (default: the run's, or 1024)", HelpName = "TOKENS" };

    /// <summary>Whether only completions are measured.</summary>
    public Option<bool?> CompletionOnly { get; } = new("--completion_only_loss", "--completion-only-loss") { Description = "measure the completion only (default: where it is told apart)" };

    /// <summary>Samples in a batch.</summary>
    public Option<int?> BatchSize { get; } = new("--batch_size", "--batch-size") { Description = "samples in a batch (default: the run's per_device_eval_batch_size, or 8)", HelpName = "SAMPLES" };

    /// <summary>Whether bad rows are left out.</summary>
    public Option<bool> SkipBadRows { get; } = new("--skip_bad_rows", "--skip-bad-rows") { Description = "leave out rows that cannot be read, and count them" };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[Template, Prompt, Completion, TextField, MaxLength, CompletionOnly, BatchSize, SkipBadRows])
        {
            command.Options.Add(option);
        }
    }
}
