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
        using PeftModel model = PeftModel.Load("bloom-560m");
        Tokenizer tokenizer = Tokenizer.Load("bloom-560m");
        DataSet rows = DataSet.Load(["quotes.jsonl"]);
        SampleTemplate template = SampleTemplate.OfText(Template.Parse("{quote} ->: {|}{tags}"));   // what follows {|} is learnt
        TokenizedDataSet samples = TokenizedDataSet.Create(rows, template, new TokenizerEncoder(tokenizer));

        model.AddAdapter(new LoraConfig { R = 16, LoraAlpha = 32, TaskType = "CAUSAL_LM" });
        var arguments = new TrainingArguments { OutputDir = "out", LearningRate = 2e-4, NumTrainEpochs = 2, SaveSteps = 100 };
        using var trainer = new Trainer(model, samples.Samples, arguments) { SaveTokenizer = tokenizer.Save };
        TrainingResult result = await trainer.TrainAsync(cancellationToken: CancellationToken.None);   // cancelling saves a checkpoint
        Console.WriteLine($"{result.GlobalStep} steps, loss {result.TrainLoss:F3}");
        model.SaveAdapter("out");
        // The example ends.
        Assert.True(File.Exists("out/adapter_model.safetensors"));
    }
}
