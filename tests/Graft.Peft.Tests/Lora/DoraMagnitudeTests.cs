using Graft.Formats;

namespace Graft.Peft.Tests.Lora;

public class DoraMagnitudeTests
{
    [Theory]
    [InlineData(SmallModel.Llama, "model.layers.0.mlp.down_proj", false)]
    [InlineData(SmallModel.Gpt2, "transformer.h.0.attn.c_attn", true)]
    [InlineData(SmallModel.Llama, "model.embed_tokens", true)]
    public void The_magnitudes_start_as_the_norms_of_the_whole_weight(string config, string module, bool isInOut)
    {
        using var folder = new SmallModel(config);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora(module) with { UseDora = true });
        float[] magnitude = model.TrainableParameters().Single(parameter => parameter.Key.EndsWith("lora_magnitude_vector", StringComparison.Ordinal)).Parameter.ToArray();
        model.SetScale("default", 1);
        float[] weight = folder[$"{module}.weight"];
        float[] a = Value(model, "_A");
        float[] b = Value(model, "_B");
        int outFeatures = magnitude.Length;
        int inFeatures = weight.Length / outFeatures;
        for (int o = 0; o < outFeatures; o++)
        {
            double square = 0;
            for (int i = 0; i < inFeatures; i++)
            {
                double update = Enumerable.Range(0, 3).Sum(k => (double)b[(o * 3) + k] * a[(k * inFeatures) + i]);
                double sum = weight[isInOut ? (i * outFeatures) + o : (o * inFeatures) + i] + (2 * update);
                square += sum * sum;
            }

            Assert.Equal(Math.Sqrt(square), magnitude[o], 2e-5);
        }
    }

    [Fact]
    public void The_norms_follow_the_factors_while_these_are_trained()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj", "embed_tokens") with { UseDora = true });
        AdapterRun.Logits(model);
        foreach (TrainableParameter parameter in model.TrainableParameters())
        {
            parameter.Parameter.Values[1] += 0.5f;
        }

        float[] trained = AdapterRun.Logits(model);
        model.SaveAdapter(target.Path);
        using var fresh = new PeftModel(folder.Load());
        fresh.LoadAdapter(target.Path);
        Assert.Equal(AdapterRun.Logits(fresh), trained);
    }

    [Fact]
    public void The_file_names_the_magnitudes_without_weight()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj") with { UseDora = true });
        Assert.Contains(model.TrainableParameters(), parameter => parameter.Name == "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector.default.weight");
        model.SaveAdapter(target.Path);
        using SafetensorsFile file = SafetensorsFile.Open(target.File("adapter_model.safetensors"));
        Assert.Contains(file.Tensors, tensor => tensor.Name == "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector");
    }

    private static float[] Value(PeftModel model, string part)
        => model.TrainableParameters().Single(parameter => parameter.Key.Contains($"lora{part}", StringComparison.Ordinal) || parameter.Key.Contains($"lora_embedding{part}", StringComparison.Ordinal)).Parameter.ToArray();
}
