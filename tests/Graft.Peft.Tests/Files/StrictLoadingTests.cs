using System.Text.Json.Nodes;
using Graft.Formats;

namespace Graft.Peft.Tests.Files;

public class StrictLoadingTests
{
    private const string Query = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";

    [Fact]
    public void Everything_that_does_not_fit_is_listed_at_once_with_the_nearest_name()
    {
        string message = Refusal(tensors =>
        {
            tensors.Remove("base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight");
            tensors["base_model.model.model.layers.1.self_attn.q_prj.lora_B.weight"] = ([24, 3], new float[72]);
            tensors[Query] = ([4, 24], new float[96]);
        });
        Assert.Contains("missing: base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight [24, 3]", message, StringComparison.Ordinal);
        Assert.Contains(
            "unexpected: base_model.model.model.layers.1.self_attn.q_prj.lora_B.weight [24, 3]; did you mean 'base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight'?", message, StringComparison.Ordinal);
        Assert.Contains($"wrong shape: {Query} is [4, 24] in the file, adapter_config.json and the model ask for [3, 24]", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "keys must begin with 'base_model.model.'")]
    [InlineData("module.base_model.model.", "rename them without 'module.'")]
    [InlineData("_orig_mod.base_model.model.", "rename them without '_orig_mod.'")]
    public void Keys_with_another_prefix_say_how_to_rename_them(string prefix, string expected)
        => Assert.Contains(expected, Refusal(tensors => Rename(tensors, name => prefix + name["base_model.model.".Length..])), StringComparison.Ordinal);

    [Fact]
    public void Keys_with_the_adapters_own_name_are_read()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        float[] expected = Save(folder, target);
        Change(target, tensors => Rename(tensors, name => name.Replace(".weight", ".default.weight", StringComparison.Ordinal)));
        using var model = new PeftModel(folder.Load());
        model.LoadAdapter(target.Path);
        Assert.Equal(expected, AdapterRun.Logits(model));
    }

    [Fact]
    public void A_truncated_file_is_refused_and_the_model_stays_as_it_is()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        Save(folder, target);
        byte[] bytes = File.ReadAllBytes(target.File("adapter_model.safetensors"));
        using var model = new PeftModel(folder.Load());
        float[] before = AdapterRun.Logits(model);
        foreach (int length in new[] { 0, 5, 8, 200, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(target.File("adapter_model.safetensors"), bytes[..length]);
            InvalidDataException e = Assert.Throws<InvalidDataException>(() => model.LoadAdapter(target.Path));
            Assert.Contains("adapter_model.safetensors", e.Message, StringComparison.Ordinal);
        }

        Assert.Empty(model.AdapterNames);
        Assert.Equal(before, AdapterRun.Logits(model));
    }

    [Theory]
    [InlineData("adapter_model.safetensors")]
    [InlineData("adapter_config.json")]
    public void A_missing_file_is_named(string name)
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        Save(folder, target);
        File.Delete(target.File(name));
        using var model = new PeftModel(folder.Load());
        Exception e = Assert.ThrowsAny<IOException>(() => model.LoadAdapter(target.Path));
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        Save(folder, target);
        using var bloom = new SmallModel(SmallModel.Bloom);
        using var other = new PeftModel(bloom.Load());
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => other.LoadAdapter(target.Path));
        Assert.Contains("'q_proj' matches no module of this bloom model", e.Message, StringComparison.Ordinal);
        Assert.Contains("query_key_value", e.Message, StringComparison.Ordinal);

        JsonObject config = JsonNode.Parse(SmallModel.Llama)!.AsObject();
        config["num_hidden_layers"] = 3;
        using var deeper = new SmallModel(config.ToJsonString());
        using var third = new PeftModel(deeper.Load());
        e = Assert.Throws<InvalidDataException>(() => third.LoadAdapter(target.Path));
        Assert.Contains("missing: base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight [3, 24]", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("peft_type", "\"LORRA\"", "did you mean 'LORA'?")]
    [InlineData("peft_type", "\"VERA\"", "not supported yet")]
    [InlineData("peft_type", "null", "peft_type is missing")]
    [InlineData("r", "0", "r must be a positive integer, but is 0")]
    [InlineData("r", "\"eight\"", "r must be an integer")]
    [InlineData("lora_alpha", "\"x\"", "lora_alpha must be a number")]
    [InlineData("lora_dropout", "1.5", "lora_dropout must be in [0, 1)")]
    [InlineData("bias", "\"some\"", "known are none, all, lora_only")]
    [InlineData("task_type", "\"CHAT\"", "task_type 'CHAT' is unknown")]
    [InlineData("task_type", "\"SEQ_CLS\"", "task_type SEQ_CLS is not supported yet")]
    [InlineData("init_lora_weights", "\"xavier\"", "known are true, false, gaussian")]
    [InlineData("init_lora_weights", "\"pissa\"", "not supported yet")]
    [InlineData("target_modules", "[]", "target_modules is an empty list")]
    [InlineData("target_modules", "[1]", "target_modules must be a list of names or a text")]
    [InlineData("target_modules", "\"(q_proj\"", "not a valid regular expression")]
    [InlineData("target_modules", "\"(.*)*(.*)*(.*)*x\"", "takes more than")]
    [InlineData("target_modules", "[\"q_proj\", \"v_prj\"]", "did you mean 'v_proj'?")]
    [InlineData("target_modules", "[\"norm\"]", "which LoRA cannot change")]
    [InlineData("exclude_modules", "[\"q_proj\"]", "all 2 that match are excluded")]
    [InlineData("layers_to_transform", "[7]", "matches no layer with layers_to_transform [7]: the model has 2 blocks")]
    [InlineData("layers_pattern", "\"layers\"", "layers_pattern needs layers_to_transform")]
    [InlineData("rank_pattern", "{\"q_proj\": -1}", "r must be a positive integer, but is -1 for 'q_proj'")]
    [InlineData("rank_pattern", "{\"q_proj\": 2.5}", "'q_proj' must be an integer")]
    [InlineData("alpha_pattern", "{\"[\": 2}", "not a valid regular expression")]
    [InlineData("modules_to_save", "[\"lm_haed\"]", "did you mean 'lm_head'?")]
    [InlineData("trainable_token_indices", "[5, 500]", "token 500 is outside model.embed_tokens, which has 61 rows")]
    [InlineData("trainable_token_indices", "[5, 5]", "token 5 is listed twice")]
    [InlineData("trainable_token_indices", "{\"embeddings\": [5]}", "neither the embedding nor the head")]
    [InlineData("alora_invocation_tokens", "[1]", "aLoRA")]
    [InlineData("use_dora", "true", "missing: base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector [24]")]
    public void A_config_that_cannot_be_is_refused_and_names_the_field(string field, string value, string expected)
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        Save(folder, target);
        JsonObject config = JsonNode.Parse(File.ReadAllText(target.File("adapter_config.json")))!.AsObject();
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(target.File("adapter_config.json"), config.ToJsonString());
        using var model = new PeftModel(folder.Load());
        Exception e = Assert.ThrowsAny<Exception>(() => model.LoadAdapter(target.Path));
        Assert.True(e is InvalidDataException or NotSupportedException, $"{e}");
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains(target.Path, e.Message, StringComparison.Ordinal);
        Assert.Empty(model.AdapterNames);
    }

    [Theory]
    [InlineData("{\"peft_type\": \"LORA\"")]
    [InlineData("[]")]
    [InlineData("")]
    public void A_config_that_is_no_object_is_refused(string text)
    {
        using var target = new TemporaryFolder();
        File.WriteAllText(target.File("adapter_config.json"), text);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => AdapterConfig.Load(target.Path));
        Assert.Contains("adapter_config.json", e.Message, StringComparison.Ordinal);
    }

    private static string Refusal(Action<Dictionary<string, (int[] Shape, float[] Values)>> change)
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        Save(folder, target);
        Change(target, change);
        using var model = new PeftModel(folder.Load());
        string message = Assert.Throws<InvalidDataException>(() => model.LoadAdapter(target.Path)).Message;
        Assert.Empty(model.AdapterNames);
        return message;
    }

    private static float[] Save(SmallModel folder, TemporaryFolder target)
    {
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        model.SaveAdapter(target.Path);
        return AdapterRun.Logits(model);
    }

    private static void Rename(Dictionary<string, (int[] Shape, float[] Values)> tensors, Func<string, string> name)
    {
        foreach ((string key, (int[], float[]) tensor) in tensors.ToArray())
        {
            tensors.Remove(key);
            tensors.Add(name(key), tensor);
        }
    }

    private static void Change(TemporaryFolder target, Action<Dictionary<string, (int[] Shape, float[] Values)>> change)
    {
        string path = target.File("adapter_model.safetensors");
        Dictionary<string, (int[] Shape, float[] Values)> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            tensors = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => (tensor.Shape.Select(size => (int)size).ToArray(), tensor.ToSingles()));
        }

        change(tensors);
        SafetensorsWriter.Write(path, tensors.Select(tensor => TensorSource.FromSingles(tensor.Key, [.. tensor.Value.Shape.Select(size => (long)size)], tensor.Value.Values)));
    }
}
