// LoraOnBloom MODEL_FOLDER DATA.jsonl [OUTPUT_FOLDER]
// trains a LoRA adapter on rows with the columns quote and tags, and saves it as PEFT does. Without arguments it makes a tiny model and a few
// rows of its own, to run anywhere in seconds.
using Graft.Peft;
using Graft.Text;
using Graft.Training;
using Graft.Training.Data;
using LoraOnBloom;

string output = args.Length > 2 ? args[2] : "lora-on-bloom";
(string modelFolder, string dataFile) = args.Length > 1 ? (args[0], args[1]) : TinyWorld.Create(Path.Combine(output, "tiny-bloom"));

Tokenizer tokenizer = Tokenizer.Load(modelFolder);
TokenizedDataSet data = TokenizedDataSet.Create(
    DataSet.Load([dataFile]), SampleTemplate.OfText(Template.Parse("“{quote}” ->:{|} {tags}")), new TokenizerEncoder(tokenizer));

using PeftModel model = PeftModel.Load(modelFolder);
model.AddAdapter(new LoraConfig { R = 16, LoraAlpha = 32, TargetModules = ModuleSelection.FromString("all-linear") });
Console.WriteLine(model.PrintTrainableParameters());

using var trainer = new Trainer(model, data.Samples, new TrainingArguments
{
    OutputDir = output,
    PerDeviceTrainBatchSize = 4,
    LearningRate = 1e-2,
    NumTrainEpochs = 20,
    SaveStrategy = IntervalStrategy.No,
});
await foreach (StepReport step in trainer.StepsAsync())
{
    Console.WriteLine($"step {step.Step}/{step.MaxSteps}  loss {step.Loss:F3}  {step.TokensPerSecond:F0} tokens/s");
}

model.SaveAdapter(output);
Console.WriteLine($"the adapter is in {output}");
