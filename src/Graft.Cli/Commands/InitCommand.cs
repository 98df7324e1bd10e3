using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Text;
using Graft.Text.Training;

namespace Graft.Cli.Commands;

/// <summary><c>graft init</c>: a new model folder with random weights, and a tokenizer learnt from text or taken from another folder.</summary>
internal sealed class InitCommand : Verb
{
    /// <summary>BLOOM's special tokens, in the order of their ids.</summary>
    private static readonly string[] SpecialTokens = ["<unk>", "<s>", "</s>", "<pad>"];

    private readonly Argument<FileInfo> _config = new("CONFIG") { Description = "config.json of the model to make" };
    private readonly Option<DirectoryInfo> _into = new("--into") { Description = "folder to write; must not exist or be empty", Required = true };
    private readonly Option<FileInfo[]> _text = new("--train-tokenizer") { Description = "learn a byte-level BPE tokenizer of the config's vocab_size from these text files", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "copy the tokenizer of this folder" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "seed of the weights", DefaultValueFactory = _ => 42 };
    private readonly Option<string> _dtype = new("--dtype") { Description = "how the weights are stored: float32 or bfloat16", DefaultValueFactory = _ => "float32" };

    /// <inheritdoc/>
    public override string Name => "init";

    /// <inheritdoc/>
    public override string Description => "make a new model folder with random weights from a config.json";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_config);
        command.Options.Add(_into);
        command.Options.Add(_text);
        command.Options.Add(_tokenizer);
        command.Options.Add(_seed);
        command.Options.Add(_dtype);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string into = parsed.GetRequiredValue(_into).FullName;
        if (Directory.Exists(into) && Directory.EnumerateFileSystemEntries(into).Any())
        {
            throw new IOException($"{into} is not empty: choose another folder, or empty it first");
        }

        ConfigReader config = ConfigReader.Open(parsed.GetRequiredValue(_config).FullName);
        using var model = new PeftModel(LanguageModel.Create(config, parsed.GetValue(_seed), StorageOf(parsed.GetValue(_dtype)!)));
        Tokenizer? tokenizer = MakeTokenizer(parsed, model.Base.Config.VocabularySize, output, cancellationToken);
        if (tokenizer is not null && tokenizer.VocabularySize > model.Base.Config.VocabularySize)
        {
            throw new ArgumentException($"the tokenizer has {tokenizer.VocabularySize} tokens, but the config's vocab_size is {model.Base.Config.VocabularySize}: raise it");
        }

        model.SaveModel(into);
        tokenizer?.Save(into);
        (long count, _) = model.CountParameters();
        output.Line($"{into}: {model.Base.Config.ModelType} with {count:N0} parameters{(tokenizer is null ? ", without a tokenizer" : $", tokenizer of {tokenizer.VocabularySize:N0} tokens")}");
        output.Event("summary", writer =>
        {
            writer.WriteString("output", into);
            writer.WriteNumber("parameters", count);
            writer.WriteNumber("tokens", tokenizer?.VocabularySize ?? 0);
        });
        return Task.FromResult(ExitCode.Success);
    }

    private static DType StorageOf(string name) => name switch
    {
        "float32" or "fp32" => DType.Float32,
        "bfloat16" or "bf16" => DType.BFloat16,
        _ => throw new ArgumentException($"--dtype '{name}' is unknown; there are float32 and bfloat16"),
    };

    private Tokenizer? MakeTokenizer(ParseResult parsed, int vocabularySize, Output output, CancellationToken cancellationToken)
    {
        string? folder = parsed.GetValue(_tokenizer);
        FileInfo[] files = parsed.GetValue(_text) ?? [];
        if (folder is not null && files.Length > 0)
        {
            throw new ArgumentException("--tokenizer and --train-tokenizer exclude each other");
        }

        if (folder is not null)
        {
            return Tokenizer.Load(folder);
        }

        if (files.Length == 0)
        {
            return null;
        }

        output.Note($"learning a tokenizer of {vocabularySize:N0} tokens from {files.Length} files");
        var options = new BpeTrainerOptions
        {
            VocabularySize = vocabularySize,
            SpecialTokens = SpecialTokens,
            SpecialTokenRoles = new Dictionary<string, string> { ["unk_token"] = "<unk>", ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["pad_token"] = "<pad>" },
        };
        return BpeTrainer.Train(files.Select(file => File.ReadAllText(file.FullName)), options, cancellationToken);
    }
}
