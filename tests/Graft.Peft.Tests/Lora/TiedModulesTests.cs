namespace Graft.Peft.Tests.Lora;

public class TiedModulesTests
{
    [Theory]
    [InlineData("word_embeddings")]
    [InlineData("lm_head")]
    public void Embedding_and_head_follow_each_other(string target)
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("query_key_value", target) with { EnsureWeightTying = true });
        var config = (LoraConfig)model.ConfigOf("default");
        Assert.Contains("transformer.word_embeddings", config.TargetModules!);
        Assert.DoesNotContain("lm_head", config.TargetModules!);
        Assert.Equal(2 * 3 * (61 + 24), model.CountParameters().Trainable - (2 * 3 * (24 + 72)));
        Assert.Equal(6, model.TrainableParameters().Count);
    }

    [Fact]
    public void Without_it_only_the_named_module_changes()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel both = AdapterRun.With(folder, AdapterRun.Lora("word_embeddings") with { EnsureWeightTying = true });
        using PeftModel one = AdapterRun.With(folder, AdapterRun.Lora("word_embeddings"));
        Assert.Equal(["word_embeddings"], ((LoraConfig)one.ConfigOf("default")).TargetModules!);
        Assert.NotEqual(AdapterRun.Logits(both), AdapterRun.Logits(one));
        one.MergeAdapter();
        Assert.NotSame(one.Base.InputEmbedding.Weight.Original, one.Base.Head.Weight.Original);
    }

    [Fact]
    public void Saved_modules_stay_one_tensor()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("query_key_value") with { EnsureWeightTying = true, ModulesToSave = ["lm_head"] });
        Assert.Equal(["transformer.word_embeddings"], model.ConfigOf("default").ModulesToSave!);
        Assert.Same(model.Base.InputEmbedding.Weight.Current, model.Base.Head.Weight.Current);
        model.SetAdapter();
        Assert.Same(model.Base.InputEmbedding.Weight.Original, model.Base.Head.Weight.Current);
    }

    [Fact]
    public void An_untied_model_is_left_alone()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("embed_tokens") with { EnsureWeightTying = true });
        Assert.Equal(["embed_tokens"], ((LoraConfig)model.ConfigOf("default")).TargetModules!);
        Assert.Equal(2, model.TrainableParameters().Count);
    }
}
