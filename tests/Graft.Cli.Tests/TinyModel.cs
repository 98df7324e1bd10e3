using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Text;
using Graft.Text.Training;

namespace Graft.Cli.Tests;

/// <summary>A folder for one test, and small models, adapters and data to put into it.</summary>
internal sealed class TinyModel : IDisposable
{
    /// <summary>Tokens of every tiny model.</summary>
    public const int VocabularySize = 300;

    private static readonly string[] Sentences =
    [
        "the quick gardener grafts a scion onto the old rootstock before spring",
        "a patient hand and a sharp knife make the graft hold through winter",
        "the old orchard remembers every gardener who kept the knife sharp",
        "winter is when the rootstock sleeps and the gardener sharpens the knife",
    ];

    private static readonly Lazy<Tokenizer> SharedTokenizer = new(() => BpeTrainer.Train(Sentences, new BpeTrainerOptions
    {
        VocabularySize = VocabularySize,
        SpecialTokens = ["<unk>", "<s>", "</s>", "<pad>"],
        SpecialTokenRoles = new Dictionary<string, string> { ["unk_token"] = "<unk>", ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["pad_token"] = "<pad>" },
    }));

    /// <summary>The folder; removed at the end of the test.</summary>
    public string Root { get; } = Directory.CreateTempSubdirectory("graft-cli-").FullName;

    /// <summary>A path below the folder.</summary>
    public string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Writes a text file.</summary>
    public string Write(string name, string text)
    {
        string path = At(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>A config.json of a family.</summary>
    public static string Config(string family = "bloom") => family switch
    {
        "bloom" => $$"""{"model_type": "bloom", "architectures": ["BloomForCausalLM"], "hidden_size": 16, "n_layer": 2, "n_head": 2, "vocab_size": {{VocabularySize}}, "eos_token_id": 2, "bos_token_id": 1}""",
        "gpt2" => $$"""{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "vocab_size": {{VocabularySize}}, "eos_token_id": 2}""",
        "llama" => $$"""{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 24, "vocab_size": {{VocabularySize}}, "eos_token_id": 2}""",
        _ => throw new ArgumentException(family),
    };

    /// <summary>A model folder with random weights and a tokenizer.</summary>
    public string CreateModel(string name = "model", string family = "bloom", DType dtype = DType.Float32, bool withTokenizer = true)
    {
        using var model = new PeftModel(CausalLanguageModel.Create(ConfigReader.Parse(Config(family)), seed: 7, dtype));
        model.SaveModel(At(name));
        if (withTokenizer)
        {
            SharedTokenizer.Value.Save(At(name));
        }

        return At(name);
    }

    /// <summary>A LoRA adapter whose B is not zero.</summary>
    public string CreateAdapter(string modelFolder, string name = "adapter", bool trained = true, AdapterConfig? config = null)
    {
        using PeftModel model = PeftModel.Load(modelFolder);
        model.AddAdapter(config ?? new LoraConfig { R = 4, LoraAlpha = 8, TaskType = "CAUSAL_LM", InitLoraWeights = trained ? "false" : "true" });
        model.SaveAdapter(At(name));
        return At(name);
    }

    /// <summary>Runs the tool.</summary>
    /// <returns>The exit code, stdout and stderr.</returns>
    public static async Task<ToolResult> RunAsync(params string[] args)
    {
        using var results = new StringWriter();
        using var progress = new StringWriter();
        int code = await GraftTool.RunAsync(args, results, progress);
        return new ToolResult(code, results.ToString(), progress.ToString());
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Root, recursive: true);
}
