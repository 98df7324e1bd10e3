using Graft.Peft;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class PeftExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        // The example begins.
        using PeftModel model = PeftModel.Load("bloom-560m");
        model.AddAdapter(new LoraConfig { R = 16, LoraAlpha = 32, TargetModules = ["query_key_value"], TaskType = "CAUSAL_LM" });
        Console.WriteLine(model.PrintTrainableParameters());   // trainable params: ... || all params: ... || trainable%: ...
        model.SaveAdapter("adapter");                          // adapter_config.json, adapter_model.safetensors, README.md

        using PeftModel again = PeftModel.Load("bloom-560m");
        again.LoadAdapter("adapter");                          // every missing, unexpected or misshapen tensor would be listed
        using (again.DisableAdapters())
        {
            // here the model is the base model
        }

        again.MergeAndUnload();
        again.SaveModel("merged");                             // a plain Hugging Face model folder
        // The example ends.
        Assert.True(File.Exists("merged/model.safetensors"));
    }
}
