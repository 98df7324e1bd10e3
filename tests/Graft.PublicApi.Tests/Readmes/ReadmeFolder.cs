using Graft.Models;
using Graft.Peft;
using Graft.Text;
using Graft.Text.Training;

namespace Graft.PublicApi.Readmes;

/// <summary>The current folder of an example: a tiny model called bloom-560m, and quotes.jsonl.</summary>
public sealed class ReadmeFolder : IDisposable
{
    private readonly string _before = Environment.CurrentDirectory;
    private readonly string _root = Directory.CreateTempSubdirectory("graft-readme-").FullName;

    public ReadmeFolder()
    {
        Environment.CurrentDirectory = _root;
        File.WriteAllLines("quotes.jsonl", Enumerable.Range(0, 16).Select(i => $"{{\"quote\": \"a scion of {i} buds takes on the rootstock\", \"tags\": [\"graft\", \"tree\"]}}"));
        Tokenizer tokenizer = BpeTrainer.Train(File.ReadLines("quotes.jsonl"), new BpeTrainerOptions
        {
            VocabularySize = 320,
            SpecialTokens = ["<unk>", "<s>", "</s>", "<pad>"],
            SpecialTokenRoles = new Dictionary<string, string> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" },
        });
        ConfigReader config = ConfigReader.Parse($$"""{"model_type": "bloom", "hidden_size": 16, "n_layer": 2, "n_head": 2, "vocab_size": {{tokenizer.VocabularySize}}, "eos_token_id": 2}""");
        using var model = new PeftModel(CausalLanguageModel.Create(config, seed: 1));
        model.SaveModel("bloom-560m");
        tokenizer.Save("bloom-560m");
    }

    public void Dispose()
    {
        Environment.CurrentDirectory = _before;
        Directory.Delete(_root, recursive: true);
    }
}
