using System.CommandLine;
using System.Globalization;
using Graft.Cli.Folders;
using Graft.Training.Data;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Graft.Cli.Evaluation;

/// <summary>How rows become samples: flag, then the run's graft.yaml, then default.</summary>
internal sealed class EvaluationSettings
{
    private const string RunFile = "graft.yaml";

    private readonly Dictionary<string, string> _file = new(StringComparer.Ordinal);
    private readonly EvaluationFlags _flags;
    private readonly ParseResult _parsed;

    private EvaluationSettings(EvaluationFlags flags, ParseResult parsed)
    {
        _flags = flags;
        _parsed = parsed;
    }

    /// <summary>Samples in a batch.</summary>
    public int BatchSize => Checked(Flag(_flags.BatchSize) ?? Number("per_device_eval_batch_size") ?? 8, "batch_size");

    /// <summary>Takes the flags, and what the run's file says.</summary>
    /// <param name="flags">The flags.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">A run's folder, or a checkpoint in one.</param>
    /// <exception cref="InvalidDataException">The file is not YAML.</exception>
    public static EvaluationSettings Load(EvaluationFlags flags, ParseResult parsed, string folder)
    {
        var settings = new EvaluationSettings(flags, parsed);
        string run = RunFolder.IsCheckpoint(folder) ? Path.Combine(folder, "..") : folder;
        if (File.Exists(Path.Combine(run, RunFile)))
        {
            settings.Read(Path.Combine(run, RunFile));
        }

        return settings;
    }

    /// <summary>How data files are read.</summary>
    public DataSetOptions ToDataSetOptions() => new() { BadRows = Flag(_flags.SkipBadRows) || Text("bad_rows") == "skip" ? BadRowPolicy.Skip : BadRowPolicy.Fail };

    /// <summary>How a row becomes a text; null when the columns say it themselves.</summary>
    /// <param name="columns">The data set's columns.</param>
    public SampleTemplate? ToTemplate(IReadOnlyList<string> columns)
    {
        (string? whole, string? prompt, string? completion) = (Flag(_flags.Template), Flag(_flags.Prompt), Flag(_flags.Completion));
        if (whole is null && prompt is null && completion is null)
        {
            (whole, prompt, completion) = (Text("template"), Text("prompt_template"), Text("completion_template"));
        }

        if (whole is not null)
        {
            return prompt is null && completion is null ? SampleTemplate.OfText(Template.Parse(whole)) : throw new ArgumentException("template and prompt_template/completion_template exclude each other");
        }

        if (prompt is not null || completion is not null)
        {
            return SampleTemplate.OfPromptAndCompletion(
                Template.Parse(prompt ?? throw new ArgumentException("completion_template needs a prompt_template")), Template.Parse(completion ?? throw new ArgumentException("prompt_template needs a completion_template")));
        }

        return (Flag(_flags.TextField) ?? Text("text_field")) is { } field && !columns.Contains("input_ids") ? SampleTemplate.OfColumns(columns, field) : null;
    }

    /// <summary>How texts become samples.</summary>
    /// <param name="vocabularySize">Rows of the model's embedding.</param>
    /// <param name="maximumPositions">Most tokens that the model has positions for; null for no limit.</param>
    public SampleOptions ToSampleOptions(int vocabularySize, int? maximumPositions)
    {
        var defaults = new SampleOptions();
        int length = Checked(Flag(_flags.MaxLength) ?? Number("max_length") ?? defaults.MaxLength!.Value, "max_length");
        return defaults with
        {
            MaxLength = Math.Min(length, maximumPositions ?? int.MaxValue),
            CompletionOnlyLoss = Flag(_flags.CompletionOnly) ?? Switch("completion_only_loss"),
            AppendEos = Switch("append_eos") ?? defaults.AppendEos,
            Nulls = Text("nulls") == "empty" ? NullPolicy.Empty : defaults.Nulls,
            VocabularySize = vocabularySize,
        };
    }

    private static int Checked(int value, string name) => value > 0 ? value : throw new ArgumentException($"{name} must be at least 1, but is {value}");

    private T? Flag<T>(Option<T> option) => _parsed.GetValue(option);

    private string? Text(string key) => _file.GetValueOrDefault(key);

    private int? Number(string key) => Text(key) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value
        : throw new InvalidDataException($"{RunFile}: {key} must be an integer, but is '{text}'");

    private bool? Switch(string key) => Text(key) is not { } text ? null
        : bool.TryParse(text, out bool value) ? value
        : throw new InvalidDataException($"{RunFile}: {key} must be true or false, but is '{text}'");

    /// <summary>Keeps what is a plain value; null is no value.</summary>
    private void Read(string path)
    {
        try
        {
            var stream = new YamlStream();
            using StreamReader reader = File.OpenText(path);
            stream.Load(reader);
            if (stream.Documents is not [{ RootNode: YamlMappingNode mapping }])
            {
                return;
            }

            foreach ((YamlNode key, YamlNode value) in mapping)
            {
                if (value is YamlScalarNode { Value: { } text } scalar && (scalar.Style != ScalarStyle.Plain || text is not ("" or "~" or "null")))
                {
                    _file[$"{key}"] = text;
                }
            }
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{path} is not YAML (line {e.Start.Line}, column {e.Start.Column}): {e.Message}", e);
        }
    }
}
