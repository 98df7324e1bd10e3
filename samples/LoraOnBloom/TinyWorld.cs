using Graft.Models;
using Graft.Peft;
using Graft.Text;
using Graft.Text.Training;

namespace LoraOnBloom;

/// <summary>A model with random weights, a tokenizer and some rows: enough to see a loss fall.</summary>
internal static class TinyWorld
{
    private static readonly (string Quote, string Tags)[] Rows =
    [
        ("A full kettle sings late.", "patience, work"),
        ("Count the seeds, then the birds.", "patience, nature"),
        ("Borrowed boots know no road.", "work, travel"),
        ("The ferry waits for those who wave.", "travel, kindness"),
        ("Mend the net while the sea sleeps.", "work, nature"),
        ("Two lamps make one light.", "kindness"),
        ("A slow gate keeps quick sheep.", "patience, nature"),
        ("Share the map before the bread.", "travel, kindness"),
    ];

    /// <summary>Writes model, tokenizer and data into a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The model's folder and the file of the rows.</returns>
    public static (string ModelFolder, string DataFile) Create(string folder)
    {
        Directory.CreateDirectory(folder);
        string dataFile = Path.Combine(folder, "quotes.jsonl");
        File.WriteAllLines(dataFile, Rows.Select(row => $$"""{ "quote": "{{row.Quote}}", "tags": "{{row.Tags}}" }"""));
        Tokenizer tokenizer = BpeTrainer.Train(
            Rows.Select(row => $"“{row.Quote}” ->: {row.Tags}"),
            new BpeTrainerOptions { VocabularySize = 320, SpecialTokens = ["</s>"], SpecialTokenRoles = new Dictionary<string, string> { ["eos_token"] = "</s>" } });
        using var model = new PeftModel(CausalLanguageModel.Create(
            ConfigReader.Parse("""{ "model_type": "bloom", "architectures": ["BloomForCausalLM"], "vocab_size": 320, "hidden_size": 64, "n_layer": 2, "n_head": 4, "initializer_range": 0.2 }"""), seed: 1));
        model.SaveModel(folder);
        tokenizer.Save(folder);
        return (folder, dataFile);
    }
}
