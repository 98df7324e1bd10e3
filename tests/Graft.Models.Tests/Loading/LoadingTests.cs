using System.Text.Json.Nodes;
using Graft.Formats;

namespace Graft.Models.Tests.Loading;

public class LoadingTests
{
    public static TheoryData<string> Families => [SmallModel.Bloom, SmallModel.Gpt2, SmallModel.Llama];

    [Theory]
    [MemberData(nameof(Families))]
    public void Shards_give_the_same_model_as_one_file(string config)
    {
        using var folder = new SmallModel(config);
        float[] expected = Logits(folder.Write());
        File.Delete(folder.File("model.safetensors"));
        folder.Write(maximumShardBytes: 4000);
        Assert.True(Directory.GetFiles(folder.Folder, "model-*-of-*.safetensors").Length > 3);
        Assert.Equal(expected, Logits(folder.Folder));
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder.Write(maximumShardBytes: 4000);
        string shard = Directory.GetFiles(folder.Folder, "model-00002-of-*.safetensors")[0];
        File.Delete(shard);
        Exception e = Assert.ThrowsAny<IOException>(() => Logits(folder.Folder));
        Assert.Contains(Path.GetFileName(shard), e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/passwd")]
    public void An_index_that_points_outside_the_folder_is_refused(string target)
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder.Write(maximumShardBytes: 4000);
        string path = folder.File("model.safetensors.index.json");
        JsonObject index = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        index["weight_map"]!["transformer.ln_f.weight"] = target;
        File.WriteAllText(path, index.ToJsonString());
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => Logits(folder.Folder));
        Assert.Contains(target, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_does_not_fit_is_listed_at_once()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder.Remove("transformer.h.1.mlp.dense_4h_to_h.bias");
        folder.Remove("transformer.ln_f.weight");
        folder.Add("transformer.h.0.self_attention.dense.weight", [24, 23], new float[24 * 23]);
        folder.Add("transformer.h.2.mlp.dense_4h_to_h.bias", [24], new float[24]);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => folder.Load());
        Assert.Contains("missing: transformer.h.1.mlp.dense_4h_to_h.bias [24]", e.Message, StringComparison.Ordinal);
        Assert.Contains("missing: transformer.ln_f.weight [24]", e.Message, StringComparison.Ordinal);
        Assert.Contains("wrong shape: transformer.h.0.self_attention.dense.weight is [24, 23] in the file, config.json asks for [24, 24]", e.Message, StringComparison.Ordinal);
        Assert.Contains("unexpected: transformer.h.2.mlp.dense_4h_to_h.bias [24]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_names_for_one_weight_are_refused()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        folder.Add("ln_f.weight", [24], new float[24]);
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => folder.Load());
        Assert.Contains("transformer.ln_f.weight", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_that_the_file_does_not_have_is_refused_before_memory_is_taken()
    {
        JsonObject config = JsonNode.Parse(SmallModel.Bloom)!.AsObject();
        using var folder = new SmallModel(config.ToJsonString());
        config["vocab_size"] = 2_000_000_000;
        folder.Config = config.ToJsonString();
        InvalidDataException e = Assert.Throws<InvalidDataException>(() => folder.Load());
        Assert.Contains("[2000000000, 24]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_weight_file_is_refused()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        folder.Write();
        byte[] bytes = File.ReadAllBytes(folder.File("model.safetensors"));
        foreach (int length in new[] { 0, 7, 100, bytes.Length / 2, bytes.Length - 1 })
        {
            File.WriteAllBytes(folder.File("model.safetensors"), bytes[..length]);
            InvalidDataException e = Assert.Throws<InvalidDataException>(() => Logits(folder.Folder));
            Assert.Contains("model.safetensors", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_a_folder_a_config_or_weights_the_message_says_which()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        Assert.Throws<DirectoryNotFoundException>(() => CausalLanguageModel.Load(folder.File("nowhere")));
        FileNotFoundException noConfig = Assert.Throws<FileNotFoundException>(() => CausalLanguageModel.Load(folder.Folder));
        Assert.Contains("config.json", noConfig.Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("config.json"), SmallModel.Bloom);
        Exception noWeights = Assert.ThrowsAny<IOException>(() => CausalLanguageModel.Load(folder.Folder));
        Assert.Contains("model.safetensors", noWeights.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_precision_weights_stay_as_they_are_stored()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        foreach (string name in folder.Names.ToArray())
        {
            float[] values = folder[name];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = Tensors.BFloat16.ToSingle(Tensors.BFloat16.FromSingle(values[i]));
            }
        }

        float[] expected = Logits(folder.Write());
        using (CheckpointFolder weights = CheckpointFolder.Open(folder.Folder))
        {
            string narrow = Directory.CreateDirectory(folder.File("narrow")).FullName;
            CheckpointWriter.Write(narrow, weights.Tensors.Select(tensor => TensorSource.FromBytes(tensor.Key, Tensors.DType.BFloat16, tensor.Value.Shape, Narrow(tensor.Value.ToSingles()))));
            File.Copy(folder.File("config.json"), Path.Combine(narrow, "config.json"));
        }

        using CausalLanguageModel model = CausalLanguageModel.Load(folder.File("narrow"));
        Assert.All(model.DistinctWeights(), weight => Assert.Equal(Tensors.DType.BFloat16, weight.Slot.Original.DType));
        Assert.Equal(expected, ModelRun.Logits(model, ModelRun.Tokens(9)));
    }

    private static byte[] Narrow(float[] values) => [.. values.SelectMany(value => BitConverter.GetBytes(Tensors.BFloat16.FromSingle(value)))];

    private static float[] Logits(string folder)
    {
        using CausalLanguageModel model = CausalLanguageModel.Load(folder);
        return ModelRun.Logits(model, ModelRun.Tokens(9));
    }
}
