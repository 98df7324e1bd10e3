using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Folders;
using Graft.Generation;
using Graft.Models;
using Graft.Peft;
using Graft.Text;

namespace Graft.Cli.Commands;

/// <summary><c>graft generate</c>: continues prompts with a model, with an adapter, or with both side by side.</summary>
internal sealed class GenerateCommand : Verb
{
    private const int DefaultNewTokens = 128;
    private const int PromptsAtOnce = 64;

    private readonly Option<string?> _model = new("--model") { Description = "model folder or GGUF file (default: the base model that the adapter names)" };
    private readonly Option<string?> _adapter = new("--adapter") { Description = "adapter folder" };
    private readonly QuantizationFlags _quantization = new();
    private readonly Option<string?> _which = new("--which") { Description = "who answers: base, adapter or both (default: adapter if there is one)" };
    private readonly Option<string[]> _prompt = new("--prompt") { Description = "text to continue; several are answered in one batch", AllowMultipleArgumentsPerToken = true };
    private readonly Option<bool> _stdin = new("--stdin") { Description = "read prompts from standard input, one a line" };
    private readonly Option<int?> _maxNewTokens = new("--max-new-tokens") { Description = $"most new tokens (default: the model's setting, else {DefaultNewTokens})" };
    private readonly Option<double?> _temperature = new("--temperature") { Description = "sample; above 1 is more surprising, below 1 less" };
    private readonly Option<int?> _topK = new("--top-k") { Description = "sample from the k likeliest tokens; 0 for all (default 50)" };
    private readonly Option<double?> _topP = new("--top-p") { Description = "sample from the likeliest tokens with this probability together" };
    private readonly Option<double?> _minP = new("--min-p") { Description = "sample from tokens at least this likely, relative to the likeliest" };
    private readonly Option<double?> _repetitionPenalty = new("--repetition-penalty") { Description = "above 1: tokens that were there before are less likely" };
    private readonly Option<string[]> _stop = new("--stop") { Description = "text that ends the answer and is not part of it; \\n, \\t and \\\\ are understood", AllowMultipleArgumentsPerToken = true };
    private readonly Option<ulong> _seed = new("--seed") { Description = "seed of sampling", DefaultValueFactory = _ => 42 };
    private readonly Option<bool> _greedy = new("--greedy") { Description = "always take the likeliest token, whatever the model's settings" };

    /// <inheritdoc/>
    public override string Name => "generate";

    /// <inheritdoc/>
    public override string Description => "continue prompts with a model, an adapter, or both side by side";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        foreach (Option option in new Option[]
        {
            _model, _adapter, _which, _prompt, _stdin, _maxNewTokens, _temperature, _topK, _topP, _minP, _repetitionPenalty, _stop, _seed, _greedy,
        })
        {
            command.Options.Add(option);
        }

        _quantization.AddTo(command);
    }

    /// <inheritdoc/>
    protected override async Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        GenerationConfig settings = Settings(parsed);
        List<string> prompts = Prompts(parsed);
        string? adapter = parsed.GetValue(_adapter);
        string[] speakers = Speakers(parsed.GetValue(_which), adapter);
        using LoadedModel loaded = Load(parsed.GetValue(_model), adapter, _quantization.Load(parsed, adapter));
        Tokenizer tokenizer = loaded.LoadTokenizer() ?? throw new FileNotFoundException($"{loaded.ModelPath} holds no tokenizer: tokenizer.json, or the older files that make one up");
        using var generator = new TextGenerator(loaded.Model, tokenizer);
        if (generator.Config.MaxNewTokens is null && generator.Config.MaxLength is null)
        {
            generator.Config.MaxNewTokens = DefaultNewTokens;
        }

        var answers = new Answers(loaded.Model, generator, settings, parsed.GetValue(_seed));
        long start = Stopwatch.GetTimestamp();
        bool streams = prompts.Count == 1 && !output.IsJson && output.Results.Profile.Capabilities.Interactive;
        foreach (string[] batch in prompts.Chunk(PromptsAtOnce))
        {
            if (streams)
            {
                await answers.StreamAsync(batch[0], speakers, output, cancellationToken);
            }
            else
            {
                answers.Print(batch, prompts.Count > 1, speakers, output, cancellationToken);
            }
        }

        Summarise(output, answers, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return ExitCode.Success;
    }

    private static LoadedModel Load(string? model, string? adapter, QuantizationConfig? quantization) => (model, adapter) switch
    {
        (_, not null) => LoadedModel.LoadAdapter(adapter, model, quantization),
        (not null, null) when File.Exists(Path.Combine(model, AdapterConfig.FileName)) => throw new ArgumentException($"{model} is an adapter: give it as --adapter"),
        (not null, null) => LoadedModel.Load(model, basePath: null, quantization),
        _ => throw new ArgumentException("no model: give --model FOLDER, or --adapter FOLDER of an adapter that names its base model"),
    };

    private static void Summarise(Output output, Answers answers, double seconds)
    {
        output.Note(FormattableString.Invariant($"{answers.Tokens} tokens in {seconds:F1} s, {answers.Tokens / seconds:F1} tokens/s"));
        output.Event("summary", writer =>
        {
            writer.WriteNumber("prompts", answers.Prompts);
            writer.WriteNumber("tokens", answers.Tokens);
            writer.WriteNumber("seconds", Math.Round(seconds, 3));
            writer.WriteNumber("tokens_per_s", Math.Round(answers.Tokens / seconds, 2));
        });
    }

    private static string[] Speakers(string? which, string? adapter) => (which, adapter) switch
    {
        (null, null) or ("base", _) => ["base"],
        (null or "adapter", not null) => ["adapter"],
        ("both", not null) => ["base", "adapter"],
        ("adapter" or "both", null) => throw new ArgumentException($"--which {which} needs --adapter FOLDER"),
        _ => throw new ArgumentException($"--which '{which}' is unknown; there are base, adapter and both"),
    };

    private List<string> Prompts(ParseResult parsed)
    {
        List<string> prompts = [.. parsed.GetValue(_prompt) ?? []];
        while (parsed.GetValue(_stdin) && Console.In.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                prompts.Add(line);
            }
        }

        return prompts.Count > 0 ? prompts : throw new ArgumentException("nothing to continue: give --prompt TEXT (several if you like), or --stdin with a prompt a line");
    }

    private GenerationConfig Settings(ParseResult parsed)
    {
        var settings = new GenerationConfig
        {
            MaxNewTokens = parsed.GetValue(_maxNewTokens),
            Temperature = parsed.GetValue(_temperature),
            TopK = parsed.GetValue(_topK),
            TopP = parsed.GetValue(_topP),
            MinP = parsed.GetValue(_minP),
            RepetitionPenalty = parsed.GetValue(_repetitionPenalty),
            StopStrings = parsed.GetValue(_stop) is { Length: > 0 } stops ? [.. stops.Select(Unescape)] : null,
        };
        bool samples = settings.Temperature is not null || settings.TopK is not null || settings.TopP is not null || settings.MinP is not null;
        bool greedy = parsed.GetValue(_greedy);
        if (samples && greedy)
        {
            throw new ArgumentException("--greedy goes with none of --temperature, --top-k, --top-p and --min-p: those are for sampling");
        }

        settings.DoSample = greedy ? false : samples ? true : null;
        return settings;
    }

    private static string Unescape(string text)
    {
        var plain = new System.Text.StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            char next = text[i] == '\\' && i + 1 < text.Length ? text[i + 1] : '\0';
            char? meant = next switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '\\' => '\\', _ => null };
            plain.Append(meant ?? text[i]);
            i += meant is null ? 0 : 1;
        }

        return plain.ToString();
    }

    /// <summary>Asks and prints.</summary>
    private sealed class Answers(PeftModel model, TextGenerator generator, GenerationConfig settings, ulong seed)
    {
        public int Prompts { get; private set; }

        public int Tokens { get; private set; }

        /// <summary>A single answer as it comes.</summary>
        public async Task StreamAsync(string prompt, string[] speakers, Output output, CancellationToken cancellationToken)
        {
            Prompts++;
            foreach (string speaker in speakers)
            {
                using IDisposable? silence = Silence(speaker);
                output.ResultWriter.Write(speakers.Length > 1 ? $"{speaker}: " : string.Empty);
                await foreach (TextDelta delta in generator.StreamAsync([prompt], settings, seed, cancellationToken))
                {
                    output.ResultWriter.Write(delta.Text);
                    output.ResultWriter.Flush();
                    Tokens += delta.Result?.TokenIds.Count ?? 0;
                }

                output.ResultWriter.WriteLine();
            }
        }

        /// <summary>The answers to a batch, prompt by prompt.</summary>
        public void Print(string[] prompts, bool showsPrompts, string[] speakers, Output output, CancellationToken cancellationToken)
        {
            var answers = new Dictionary<string, ILookup<int, GeneratedText>>();
            foreach (string speaker in speakers)
            {
                using IDisposable? silence = Silence(speaker);
                IReadOnlyList<GeneratedText> texts = generator.Generate(prompts, settings, seed, cancellationToken);
                Tokens += texts.Sum(text => text.TokenIds.Count);
                answers[speaker] = texts.ToLookup(text => text.PromptIndex);
            }

            for (int i = 0; i < prompts.Length; i++)
            {
                output.Line($"{(showsPrompts ? $"> {prompts[i]}{Environment.NewLine}" : string.Empty)}{AsText(speakers, answers, i)}");
                output.Event("result", writer => WriteJson(writer, prompts[i], Prompts, speakers, answers, i));
                Prompts++;
            }
        }

        private static string AsText(string[] speakers, Dictionary<string, ILookup<int, GeneratedText>> answers, int prompt)
            => string.Join(
                Environment.NewLine,
                speakers.SelectMany(speaker => answers[speaker][prompt].Select(text => speakers.Length > 1 ? $"{speaker}: {text.Text}" : text.Text)));

        private static void WriteJson(
            Utf8JsonWriter writer, string prompt, int index, string[] speakers, Dictionary<string, ILookup<int, GeneratedText>> answers, int place)
        {
            writer.WriteNumber("index", index);
            writer.WriteString("prompt", prompt);
            foreach (string speaker in speakers)
            {
                // A model's own settings may ask for several texts: the best or first one stands for the prompt.
                GeneratedText text = answers[speaker][place].First();
                writer.WriteStartObject(speaker);
                writer.WriteString("text", text.Text);
                writer.WriteNumber("tokens", text.TokenIds.Count);
                writer.WriteString("finish_reason", text.FinishReason switch { FinishReason.EndToken => "eos", FinishReason.StopString => "stop", FinishReason.Time => "time", _ => "length" });
                writer.WriteEndObject();
            }
        }

        private IDisposable? Silence(string speaker) => speaker == "base" && model.AdapterNames.Count > 0 ? model.DisableAdapters() : null;
    }
}
