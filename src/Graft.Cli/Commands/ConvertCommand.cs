using System.CommandLine;
using Graft.Cli.CommandLine;
using Graft.Cli.Folders;
using Graft.Cli.Inspection;
using Graft.Formats;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Cli.Commands;

/// <summary><c>graft convert</c>: any model that Graft reads, as a Hugging Face folder with safetensors, in another dtype if wanted.</summary>
internal sealed class ConvertCommand : Verb
{
    private readonly Argument<string> _path = new("MODEL") { Description = "model folder or GGUF file" };
    private readonly Option<string> _into = new("--into") { Description = "model folder to write", HelpName = "FOLDER", Required = true };
    private readonly Option<string?> _dtype = new("--dtype") { Description = "float32, bfloat16 or float16, 4- and 8-bit weights too (default: as they are; GGUF's blocks as float32)" };
    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "write into a folder that is not empty" };

    /// <inheritdoc/>
    public override string Name => "convert";

    /// <inheritdoc/>
    public override string Description => "write a model as a Hugging Face folder with safetensors, in another dtype if wanted";

    /// <inheritdoc/>
    protected override void Configure(Command command)
    {
        command.Arguments.Add(_path);
        command.Options.Add(_into);
        command.Options.Add(_dtype);
        command.Options.Add(_overwrite);
    }

    /// <inheritdoc/>
    protected override Task<int> RunAsync(ParseResult parsed, Output output, CancellationToken cancellationToken)
    {
        string path = parsed.GetRequiredValue(_path);
        string into = parsed.GetRequiredValue(_into);
        DType? dtype = parsed.GetValue(_dtype) is { } name ? WeightTypes.Parse(name, "--dtype") : null;
        if (Path.GetFullPath(path) == Path.GetFullPath(into))
        {
            throw new IOException($"{into} is what is being converted: choose another folder");
        }

        using LoadedModel loaded = LoadedModel.Load(path, basePath: null);
        if (loaded.AdapterFolder is not null)
        {
            throw new ArgumentException($"{path} is an adapter: graft merge makes a model of it");
        }

        using var staged = new StagedFolder(into, parsed.GetValue(_overwrite));
        if (dtype is { } plain)
        {
            ModelQuantization.Dequantize(loaded.Model.Base, plain);
        }

        loaded.Model.SaveModel(staged.Path, CheckpointWriter.DefaultMaximumShardBytes, dtype);
        loaded.LoadTokenizer()?.Save(staged.Path);
        long bytes = new DirectoryInfo(staged.Path).EnumerateFiles().Sum(file => file.Length);
        staged.Publish();
        output.Line($"{into}: {loaded.Model.Base.Config.ModelType}, {new ByteSize(bytes)}");
        output.Event("summary", writer =>
        {
            writer.WriteString("output", into);
            writer.WriteNumber("bytes", bytes);
        });
        return Task.FromResult(ExitCode.Success);
    }
}
