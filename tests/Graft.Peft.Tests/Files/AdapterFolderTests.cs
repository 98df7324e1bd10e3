using Graft.Formats;

namespace Graft.Peft.Tests.Files;

public class AdapterFolderTests
{
    private const string Config = """
        {
          "alora_invocation_tokens": null,
          "alpha_pattern": {},
          "arrow_config": null,
          "auto_mapping": null,
          "base_model_name_or_path": "someone/bloom-small",
          "bias": "none",
          "corda_config": null,
          "ensure_weight_tying": false,
          "eva_config": null,
          "exclude_modules": null,
          "fan_in_fan_out": false,
          "inference_mode": true,
          "init_lora_weights": true,
          "kasa_config": null,
          "layer_replication": null,
          "layers_pattern": null,
          "layers_to_transform": null,
          "loftq_config": {},
          "lora_alpha": 12,
          "lora_bias": false,
          "lora_dropout": 0.1,
          "lora_ga_config": null,
          "megatron_config": null,
          "megatron_core": "megatron.core",
          "modules_to_save": null,
          "monteclora_config": null,
          "peft_type": "LORA",
          "peft_version": "0.21.2",
          "qalora_group_size": 16,
          "r": 4,
          "rank_pattern": {},
          "revision": null,
          "target_modules": [
            "query_key_value"
          ],
          "target_parameters": null,
          "task_type": "CAUSAL_LM",
          "trainable_token_indices": null,
          "use_bdlora": null,
          "use_dora": false,
          "use_qalora": false,
          "use_rslora": false,
          "velora_config": null
        }
        """;

    [Fact]
    public void The_config_has_the_bytes_that_peft_writes()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { R = 4, LoraAlpha = 12, LoraDropout = 0.1, TaskType = "CAUSAL_LM", BaseModelNameOrPath = "someone/bloom-small" });
        model.SaveAdapter(target.Path);
        Assert.Equal(["README.md", "adapter_config.json", "adapter_model.safetensors"], Directory.GetFiles(target.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.Equal(Config.ReplaceLineEndings("\n"), File.ReadAllText(target.File("adapter_config.json")));
        using SafetensorsFile file = SafetensorsFile.Open(target.File("adapter_model.safetensors"));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(
            [.. Enumerable.Range(0, 2).SelectMany(i => new[] { $"base_model.model.transformer.h.{i}.self_attention.query_key_value.lora_A.weight", $"base_model.model.transformer.h.{i}.self_attention.query_key_value.lora_B.weight" })],
            file.Tensors.Select(tensor => tensor.Name));
    }

    [Fact]
    public void The_card_begins_with_what_the_hub_reads_and_ends_with_the_version()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { TaskType = "CAUSAL_LM", BaseModelNameOrPath = "someone/bloom-small" });
        model.SaveAdapter(target.Path);
        string card = File.ReadAllText(target.File("README.md"));
        Assert.StartsWith(
            """
            ---
            base_model: someone/bloom-small
            library_name: peft
            pipeline_tag: text-generation
            tags:
            - base_model:adapter:someone/bloom-small
            - lora
            - transformers
            ---

            """.ReplaceLineEndings("\n"),
            card,
            StringComparison.Ordinal);
        Assert.EndsWith("\n- PEFT 0.21.2", card, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_of_the_users_own_stays()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using var target = new TemporaryFolder();
        File.WriteAllText(target.File("README.md"), "# Mine\n\nWords.\n\n### Framework versions\n\n- PEFT 0.9.0\n- Torch 2\n");
        using PeftModel model = AdapterRun.With(folder, new LoraConfig { TaskType = "CAUSAL_LM" });
        model.SaveAdapter(target.Path);
        string card = File.ReadAllText(target.File("README.md"));
        Assert.StartsWith("---\nbase_model: ", card, StringComparison.Ordinal);
        Assert.EndsWith("\n# Mine\n\nWords.\n\n### Framework versions\n\n- PEFT 0.21.2\n- Torch 2\n", card, StringComparison.Ordinal);
        model.SaveAdapter(target.Path);
        Assert.Equal(card, File.ReadAllText(target.File("README.md")));
    }

    public static TheoryData<string> Kinds => ["lora", "dora", "ia3", "everything", "embeddings", "tied"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_saved_adapter_loads_with_the_same_bits_and_is_saved_the_same_again(string kind)
    {
        LoraConfig lora = AdapterRun.Lora("q_proj", "down_proj");
        AdapterConfig config = kind switch
        {
            "dora" => lora with { UseDora = true, UseRslora = true },
            "ia3" => new Ia3Config { InitIa3Weights = false, ModulesToSave = ["lm_head"] },
            "everything" => lora with
            {
                RankPattern = new Dictionary<string, int> { ["layers.1.*"] = 5 }, AlphaPattern = new Dictionary<string, double> { ["down_proj"] = 2.5 }, Bias = "all",
                ModulesToSave = ["norm"], LayersToTransform = [0, 1], LayersPattern = ["layers"], ExcludeModules = ["layers.0.mlp.down_proj"], TrainableTokenIndices = TokenIndices.Of(9, 4),
            },
            "embeddings" => lora with { TargetModules = ["embed_tokens", "lm_head"] },
            "tied" => lora with { TargetModules = ["embed_tokens"], EnsureWeightTying = true },
            _ => lora,
        };
        using var folder = new SmallModel(kind == "tied" ? SmallModel.Llama.Replace("\"llama\",", "\"llama\", \"tie_word_embeddings\": true,", StringComparison.Ordinal) : SmallModel.Llama);
        using var first = new TemporaryFolder();
        using var second = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, config);
        model.SaveAdapter(first.Path);
        using var loaded = new PeftModel(folder.Load());
        loaded.LoadAdapter(first.Path, trainable: true);
        Assert.Equal(AdapterRun.Logits(model), AdapterRun.Logits(loaded));
        Assert.Equal(model.CountParameters(), loaded.CountParameters());
        loaded.SaveAdapter(second.Path);
        foreach (string file in Directory.GetFiles(first.Path))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(second.File(Path.GetFileName(file))));
        }
    }

    [Fact]
    public void A_bias_of_a_saved_module_is_trained_with_its_copy_and_saved_under_the_names_of_peft()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("query_key_value") with { Bias = "all", ModulesToSave = ["ln_f"] });
        model.TrainableParameters().Single(parameter => parameter.Key == "base_model.model.transformer.ln_f.bias").Parameter.Values.Fill(0.25f);
        model.SaveAdapter(target.Path);
        using SafetensorsFile file = SafetensorsFile.Open(target.File("adapter_model.safetensors"));
        Assert.True(file.TryGet("base_model.model.transformer.ln_f.modules_to_save.bias", out TensorEntry? copy));
        Assert.All(copy.ToSingles(), value => Assert.Equal(0.25f, value));
        Assert.True(file.TryGet("base_model.model.transformer.ln_f.original_module.bias", out TensorEntry? original));
        Assert.Equal(folder["transformer.ln_f.bias"], original.ToSingles());
        using var loaded = new PeftModel(folder.Load());
        loaded.LoadAdapter(target.Path, trainable: true);
        Assert.Equal(AdapterRun.Logits(model), AdapterRun.Logits(loaded));
        Assert.Equal(model.CountParameters(), loaded.CountParameters());
    }

    [Fact]
    public void Embeddings_of_another_vocabulary_come_with_the_adapter_and_go_with_it()
    {
        const int More = SmallModel.Vocabulary + 4;
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using var merged = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        model.SaveAdapter(target.Path, saveEmbeddingLayers: true);
        Grow(target.File("adapter_model.safetensors"), More);
        using var loaded = new PeftModel(folder.Load());
        loaded.LoadAdapter(target.Path);
        Assert.Equal(More, loaded.Base.InputEmbedding.VocabularySize);
        float[] logits = ModelRun.Logits(loaded.Base, 5, More - 1);
        Assert.Equal(2 * More, logits.Length);
        loaded.SaveMerged(merged.Path);
        using (CausalLanguageModel saved = CausalLanguageModel.Load(merged.Path))
        {
            Assert.Equal(More, saved.Config.VocabularySize);
            AdapterRun.AssertClose(logits, ModelRun.Logits(saved, 5, More - 1), 2e-5);
        }

        loaded.DeleteAdapter("default");
        Assert.Equal(SmallModel.Vocabulary, loaded.Base.InputEmbedding.VocabularySize);
    }

    private static void Grow(string path, int rows)
    {
        List<TensorSource> tensors = [];
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            foreach (TensorEntry tensor in file.Tensors)
            {
                float[] values = tensor.ToSingles();
                bool grows = tensor.Shape[0] == SmallModel.Vocabulary;
                tensors.Add(TensorSource.FromSingles(tensor.Name, grows ? [rows, tensor.Shape[1]] : tensor.Shape, grows ? [.. values, .. values[..(int)((rows - tensor.Shape[0]) * tensor.Shape[1])]] : values));
            }
        }

        SafetensorsWriter.Write(path, tensors);
    }

    [Fact]
    public void Named_adapters_go_to_folders_of_their_own()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        model.AddAdapter(AdapterRun.Lora("v_proj"), "other");
        model.SaveAdapter(target.Path);
        Assert.True(File.Exists(target.File("adapter_config.json")));
        Assert.True(File.Exists(target.File("other", "adapter_model.safetensors")));
        Assert.False(File.Exists(target.File("other", "README.md")));
        using var loaded = new PeftModel(folder.Load());
        loaded.LoadAdapter(target.File("other"), "second");
        model.SetAdapter("other");
        Assert.Equal(AdapterRun.Logits(model), AdapterRun.Logits(loaded));
    }

    [Fact]
    public void A_folder_with_named_adapters_only_says_their_names()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("q_proj"));
        model.AddAdapter(AdapterRun.Lora("v_proj"), "other");
        model.SaveAdapter(target.Path, "other");
        FileNotFoundException e = Assert.Throws<FileNotFoundException>(() => AdapterConfig.Load(target.Path));
        Assert.Contains("give one of them: other", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Saving_while_merged_saves_the_base_weights_as_they_were()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var plain = new TemporaryFolder();
        using var merged = new TemporaryFolder();
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("embed_tokens"));
        model.SaveAdapter(plain.Path);
        model.MergeAdapter();
        model.SaveAdapter(merged.Path);
        Assert.Equal(File.ReadAllBytes(plain.File("adapter_model.safetensors")), File.ReadAllBytes(merged.File("adapter_model.safetensors")));
    }

    [Fact]
    public void Embeddings_are_saved_when_named_or_asked_for()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using var target = new TemporaryFolder();
        string[] Keys(LoraConfig config, bool? save = null)
        {
            using PeftModel model = AdapterRun.With(folder, config);
            model.SaveAdapter(target.Path, saveEmbeddingLayers: save);
            using SafetensorsFile file = SafetensorsFile.Open(target.File("adapter_model.safetensors"));
            return [.. file.Tensors.Select(tensor => tensor.Name["base_model.model.".Length..]).Where(name => !name.Contains("lora", StringComparison.Ordinal))];
        }

        Assert.Equal(["model.embed_tokens.base_layer.weight"], Keys(AdapterRun.Lora("embed_tokens")));
        Assert.Empty(Keys(AdapterRun.Lora("model.embed_tokens")));
        Assert.Empty(Keys(AdapterRun.Lora("embed_tokens"), save: false));
        Assert.Equal(["lm_head.weight", "model.embed_tokens.weight"], Keys(AdapterRun.Lora("q_proj"), save: true));
        Assert.Equal(["lm_head.weight", "model.embed_tokens.base_layer.weight"], Keys(AdapterRun.Lora("model.embed_tokens"), save: true));
    }
}
