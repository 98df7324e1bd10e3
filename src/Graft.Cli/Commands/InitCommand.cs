using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Cli.SampleModels;
using Graft.Models;
using Graft.Peft;
using Graft.Text;
using Graft.Text.Training;
using Graft.Training.Data;

namespace Graft.Cli.Commands;

/// <summary><c>graft init</c>: a new model folder with random weights, of any size or as a small sample, and a tokenizer learnt from text or taken from another folder.</summary>
internal sealed class InitCommand : Verb
{
    /// <summary>BLOOM's special tokens, in the order of their ids.</summary>
    private static readonly string[] SpecialTokens = ["<unk>", "<s>", "</s>", "<pad>"];

    private readonly Argument<string> _config = new("CONFIG") { Description = $"config.json of the model to make, or a sample architecture with a small tokenizer: {string.Join(", ", SampleArchitecture.Names)}" };
    private readonly Option<string> _into = new("--into") { Description = "model folder to write", HelpName = "FOLDER", Required = true };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "write into a folder that is not empty" };
    private readonly Option<FileInfo[]> _text = new("--train-tokenizer") { Description = "learn a byte-level BPE tokenizer of the config's vocab_size from these text files", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "take the tokenizer of this folder", HelpName = "FOLDER" };
    private readonly Option<ulong> _seed = new("--seed") { Description = "seed of the weights", DefaultValueFactory = _ => 42 };
    private readonly Option<string> _dtype = new("--dtype") { Description = "how the weights are stored: float32, bfloat16 or float16", HelpName = "DTYPE", DefaultValueFactory = _ => "float32" };

    /// <inheritdoc/>
    public override string Name => "init";

    /// <inheritdoc/>
    public override string Description => "make a new model folder with random weights, from a config.json or as a small sample";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_config);
        command.Options.Add(_into);
        command.Options.Add(_overwrite);
        command.Options.Add(_text);
        command.Options.Add(_tokenizer);
        command.Options.Add(_seed);
        command.Options.Add(_dtype);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string into = parsed.GetRequiredValue(_into);
        string source = parsed.GetRequiredValue(_config);
        ConfigReader? sample = File.Exists(source) ? null : SampleArchitecture.Find(source);
        ConfigReader config = sample ?? OpenConfig(source);
        using var staged = new StagedFolder(into, parsed.GetValue(_overwrite));
        using var model = new PeftModel(LanguageModel.Create(config, parsed.GetValue(_seed), WeightTypes.Parse(parsed.GetValue(_dtype)!, "--dtype")));
        Tokenizer? tokenizer = MakeTokenizer(parsed, sample is not null, model.Base.Config.VocabularySize, output, cancellationToken);
        if (tokenizer is not null && tokenizer.VocabularySize > model.Base.Config.VocabularySize)
        {
            throw new ArgumentException($"the tokenizer has {tokenizer.VocabularySize} tokens, but the config's vocab_size is {model.Base.Config.VocabularySize}: raise it");
        }

        model.SaveModel(staged.Path);
        tokenizer?.Save(staged.Path);
        staged.Publish();
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

    private Tokenizer? MakeTokenizer(ParseResult parsed, bool isSample, int vocabularySize, Output output, CancellationToken cancellationToken)
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

        if (files.Length == 0 && !isSample)
        {
            return null;
        }

        output.Note($"learning a tokenizer of {vocabularySize:N0} tokens from {(files.Length == 0 ? "the embedded maxims" : $"{files.Length} files")}");
        var options = new BpeTrainerOptions
        {
            VocabularySize = vocabularySize,
            SpecialTokens = SpecialTokens,
            SpecialTokenRoles = new Dictionary<string, string> { ["unk_token"] = "<unk>", ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["pad_token"] = "<pad>" },
        };
        return BpeTrainer.Train(files.Length == 0 ? SampleArchitecture.Texts : files.Select(file => File.ReadAllText(file.FullName)), options, cancellationToken);
    }

    private static ConfigReader OpenConfig(string path)
        => File.Exists(path)
            ? ConfigReader.Open(path)
            : throw new FileNotFoundException($"there is no file {path}, and no sample architecture of that name{NearestName.Suggestion(path, SampleArchitecture.Names)}; there are {string.Join(", ", SampleArchitecture.Names)}", path);
}
