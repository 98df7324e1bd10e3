using Graft.Peft;
using Graft.Text;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class TrainingExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_example_of_the_readme_runs()
    {
        // The example begins.
        Tokenizer tokenizer = Tokenizer.Load("bloom-560m");
        TokenizedDataSet data = TokenizedDataSet.Create(
            DataSet.Load(["quotes.jsonl"]), SampleTemplate.OfText(Template.Parse("“{quote}” ->:{|} {tags}")), new TokenizerEncoder(tokenizer));

        using PeftModel model = PeftModel.Load("bloom-560m");
        model.AddAdapter(new LoraConfig { R = 16, LoraAlpha = 32 });

        using var trainer = new Trainer(model, data.Samples, new TrainingArguments { OutputDir = "out", LearningRate = 2e-4 });
        await foreach (StepReport step in trainer.StepsAsync())
        {
            Console.WriteLine($"step {step.Step}/{step.MaxSteps}  loss {step.Loss:F3}");
        }

        model.SaveAdapter("out");
        // The example ends.
        Assert.True(File.Exists("out/adapter_model.safetensors"));
    }
}
