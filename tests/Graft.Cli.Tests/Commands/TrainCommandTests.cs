using System.Text.Json;
using Graft.Cli.Configuration;
using Graft.Formats;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Cli.Tests.Commands;

public sealed class TrainCommandTests(Workshop workshop) : IClassFixture<Workshop>
{
    [Fact]
    public void Lora_leaves_an_adapter_folder_that_loads()
    {
        ToolRun run = workshop.Train("lora", "--lora_r", "4", "--target_modules", "query_key_value", "dense");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Contains("4 steps in", run.Results);
        string output = workshop.NewPath("lora");
        using PeftModel model = PeftModel.Load(workshop.Model);
        model.LoadAdapter(output);
        Assert.Equal(4, Assert.IsType<LoraConfig>(model.ConfigOf("default")).R);
        Assert.All(["adapter_config.json", "tokenizer.json", "trainer_state.json", "metrics.jsonl", "graft.yaml", "README.md"], name => Assert.True(File.Exists(Path.Combine(output, name)), name));
        Assert.DoesNotContain('\u001b', run.Results + run.Errors);
        Assert.DoesNotContain('\r', run.Results + run.Errors);
    }

    [Fact]
    public void Full_leaves_a_model_in_its_storage_format()
    {
        string model = workshop.NewPath("bf16-model");
        Assert.Equal(0, Workshop.Run("init", workshop.NewPath("config.json"), "--into", model, "--tokenizer", workshop.Model, "--dtype", "bfloat16").Code);
        ToolRun run = workshop.Train("full", "--model", model, "--method", "full");
        Assert.True(run.Code == 0, run.Errors);
        using CheckpointFolder after = CheckpointFolder.Open(workshop.NewPath("full"));
        Assert.All(after.Tensors.Values, tensor => Assert.Equal(DType.BFloat16, tensor.DType));
        using PeftModel trained = PeftModel.Load(workshop.NewPath("full"));
        Assert.Empty(trained.AdapterNames);
    }

    [Fact]
    public void Json_events_tell_the_run()
    {
        ToolRun run = workshop.Train("events", "--json", "--test_size", "4", "--save_steps", "2");
        Assert.Equal(0, run.Code);
        Assert.Equal(["start", "log", "log", "save", "eval", "log", "save", "eval", "summary"], run.Events.Select(e => e.GetProperty("event").GetString()));
        Assert.Empty(run.Errors);
        JsonElement start = run.Event("start");
        Assert.Equal(20, start.GetProperty("samples").GetInt32());
        Assert.Equal(4, start.GetProperty("eval_samples").GetInt32());
        Assert.Equal(4, start.GetProperty("max_steps").GetInt32());
        Assert.True(run.Event("log").GetProperty("loss").GetDouble() > 0);
        Assert.Equal(4, run.Event("summary").GetProperty("global_step").GetInt32());
        Assert.False(run.Event("summary").GetProperty("interrupted").GetBoolean());
    }

    [Fact]
    public void A_resumed_run_ends_with_the_same_bits()
    {
        Assert.Equal(0, workshop.Train("straight").Code);
        Assert.Equal(0, workshop.Train("twice", "--save_steps", "2").Code);
        Directory.Delete(Path.Combine(workshop.NewPath("twice"), "checkpoint-4"), recursive: true);
        File.Delete(Path.Combine(workshop.NewPath("twice"), "adapter_model.safetensors"));
        ToolRun run = Workshop.Run("train", workshop.NewPath("twice"), "--resume", "--json");
        Assert.True(run.Code == 0, run.Results);
        Assert.Equal(2, run.Event("start").GetProperty("resumed_at").GetInt32());
        Assert.Equal(Bytes("straight"), Bytes("twice"));

        byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(workshop.NewPath(name), "adapter_model.safetensors"));
    }

    [Fact]
    public void A_used_output_folder_is_refused_unless_told_otherwise()
    {
        Assert.Equal(0, workshop.Train("used").Code);
        ToolRun again = workshop.Train("used");
        Assert.Equal(1, again.Code);
        Assert.Contains("--resume", again.Errors);
        Assert.Equal(0, workshop.Train("used", "--overwrite_output_dir", "--max_steps", "2").Code);
        Assert.False(Directory.Exists(Path.Combine(workshop.NewPath("used"), "checkpoint-4")));
        Directory.CreateDirectory(workshop.NewPath("foreign"));
        workshop.Write("foreign/notes.txt", "mine");
        Assert.Contains("is not empty", workshop.Train("foreign").Errors);
        Assert.Contains("is a file", workshop.Train("rows.jsonl").Errors);
        Assert.Contains("the model's own folder", workshop.Train("model", "--overwrite").Errors);
    }

    [Theory]
    [InlineData("packing", "--packing", "--max_length", "64")]
    [InlineData("wrapped", "--packing", "--packing_strategy", "wrapped", "--max_length", "20")]
    [InlineData("blocks", "--block_size", "16")]
    [InlineData("ia3", "--method", "ia3")]
    [InlineData("tokens", "--max_tokens_per_batch", "100")]
    [InlineData("loraplus", "--loraplus_lr_ratio", "16", "--include_num_input_tokens_seen", "true")]
    [InlineData("momentum", "--optim", "sgd", "--optim_args", "momentum=0.9,nesterov=true")]
    [InlineData("dora", "--use_dora", "--target_modules", "all-linear")]
    [InlineData("sequential", "--train_sampling_strategy", "sequential", "--gradient_accumulation_steps", "2", "--gradient_checkpointing")]
    [InlineData("schedule", "--lr_scheduler_type", "cosine_with_min_lr", "--lr_scheduler_kwargs", "{min_lr: 1e-6}", "--warmup_ratio", "0.5")]
    [InlineData("best", "--test_size", "0.25", "--eval_strategy", "steps", "--eval_steps", "2", "--save_steps", "2", "--load_best_model_at_end", "--early_stopping_patience", "3")]
    public void Options_run(string name, params string[] options)
    {
        ToolRun run = workshop.Train($"option-{name}", options);
        Assert.True(run.Code == 0, run.Errors);
    }

    [Fact]
    public void An_adapter_can_be_trained_further()
    {
        Assert.Equal(0, workshop.Train("first").Code);
        ToolRun run = workshop.Train("second", "--adapter", workshop.NewPath("first"), "--learning_rate", "0");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(workshop.NewPath("first"), "adapter_model.safetensors")),
            File.ReadAllBytes(Path.Combine(workshop.NewPath("second"), "adapter_model.safetensors")));
    }

    [Theory]
    [InlineData(2, "there is no flag --lerning_rate; did you mean '--learning_rate'?", "--lerning_rate", "1")]
    [InlineData(2, "'surplus' is one word too many", "--seed", "1", "surplus", "words")]
    [InlineData(1, "--learning_rate must be a number, but is 'fast'", "--learning_rate", "fast")]
    [InlineData(1, "there is no column 'qoute'; did you mean 'quote'?", "--template", "{qoute}")]
    [InlineData(1, "exclude each other", "--prompt_template", "{quote}", "--completion_template", "{tags}")]
    [InlineData(1, "there is no file", "--data", "missing.jsonl")]
    [InlineData(1, "no file matches", "--data", "missing-*.jsonl")]
    [InlineData(1, "there is no folder", "--model", "bigscience/bloom-560m")]
    [InlineData(1, "no sample is left", "--template", "{quote}{|}", "--append_eos", "false")]
    [InlineData(1, "no token is learnt", "--template", "{quote}{|}", "--append_eos", "false", "--untrainable_rows", "raise")]
    [InlineData(1, "max_length is 4", "--max_length", "4", "--long_rows", "raise")]
    [InlineData(1, "query_key_value", "--target_modules", "q_proj")]
    [InlineData(1, "Unknown lr_scheduler_type 'cosinus'", "--lr_scheduler_type", "cosinus")]
    [InlineData(1, "optim 'adamm' is not supported", "--optim", "adamm")]
    [InlineData(1, "warmup_ratio must be", "--warmup_ratio", "2")]
    [InlineData(1, "test_size 24 of 24 samples leaves nothing to train on", "--test_size", "24")]
    [InlineData(1, "held-back samples", "--eval_strategy", "epoch")]
    [InlineData(1, "per_device_train_batch_size must be at least 1", "--per_device_train_batch_size", "0")]
    [InlineData(1, "block_size and packing exclude each other", "--block_size", "8", "--packing")]
    [InlineData(1, "block_size must be at least 2", "--block_size", "1")]
    [InlineData(1, "load_in_4bit and load_in_8bit cannot both be true", "--load_in_4bit", "--load_in_8bit")]
    [InlineData(1, "method: full and load_in_8bit exclude each other", "--load_in_8bit", "--method", "full")]
    [InlineData(1, "bnb_4bit_quant_type must be one of nf4, fp4, but is 'nf5'", "--load_in_4bit", "--bnb_4bit_quant_type", "nf5")]
    [InlineData(1, "bnb_4bit_blocksize", "--load_in_4bit", "--bnb_4bit_blocksize", "48")]
    [InlineData(1, "there is no such field in quantization_config; did you mean 'load_in_4bit'?", "--quantization_config", "{load_in_4bits: true}")]
    [InlineData(3, "quantisation by anything but bitsandbytes", "--quantization_config", "{quant_method: gptq, bits: 4}")]
    [InlineData(1, "task_type does not fit the model: bloom is for CAUSAL_LM", "--task_type", "SEQ_2_SEQ_LM")]
    [InlineData(1, "there is no file", "--model", "nothing.gguf")]
    public void A_mistake_has_a_message_and_leaves_nothing(int code, string message, params string[] options)
    {
        string name = $"bad-{Guid.NewGuid():N}";
        ToolRun run = workshop.Train(name, options);
        Assert.Equal(code, run.Code);
        Assert.Contains(message, run.Errors);
        Assert.False(Directory.Exists(workshop.NewPath(name)));
    }

    [Fact]
    public void Bad_rows_fail_with_their_place_or_are_skipped()
    {
        string data = workshop.Write("bad.jsonl", Workshop.Rows(3) + "{\"animal\": \n" + Workshop.Rows(2));
        ToolRun failed = workshop.Train("bad-rows", "--data", data);
        Assert.Equal(1, failed.Code);
        Assert.Contains("bad.jsonl:4", failed.Errors);
        ToolRun skipped = workshop.Train("bad-rows", "--data", data, "--bad_rows", "skip");
        Assert.True(skipped.Code == 0, skipped.Errors);
        Assert.Contains("1 rows could not be read and were skipped", skipped.Errors);
    }

    [Fact]
    public void A_configuration_must_exist()
        => Assert.Contains("there is no configuration file nowhere.yaml", Workshop.Run("train", "nowhere.yaml").Errors);

    [Fact]
    public void An_empty_data_set_is_refused()
        => Assert.Contains("no rows in", workshop.Train("empty", "--data", workshop.Write("empty.jsonl", "")).Errors);

    [Fact]
    public void The_loss_curve_is_written_and_shown()
    {
        ToolRun run = workshop.Train("curve");
        Assert.True(File.Exists(workshop.NewPath("curve/loss.svg")));
        Assert.True(File.Exists(workshop.NewPath("curve/loss.png")));
        Assert.Contains("step 4", run.Results);
        Assert.Equal(4, File.ReadLines(workshop.NewPath("curve/metrics.jsonl")).Count());
    }

    [Fact]
    public void A_full_disk_is_reported_and_nothing_is_half_written()
    {
        using IDisposable full = AtomicFile.Interpose(_ => throw new IOException("No space left on device"));
        ToolRun run = workshop.Train("full-disk");
        Assert.Equal(1, run.Code);
        Assert.Contains("No space left on device", run.Errors);
        Assert.Empty(Directory.EnumerateFileSystemEntries(workshop.NewPath("full-disk")));
    }

    [Fact]
    public void A_run_that_diverges_stops_at_its_last_good_state()
    {
        ToolRun run = workshop.Train("diverged", "--learning_rate", "1e30", "--optim", "sgd", "--max_grad_norm", "0");
        Assert.Equal(1, run.Code);
        Assert.Contains("Lower learning_rate", run.Errors);
        Assert.Contains("checkpoint-1", run.Errors);
        Assert.False(File.Exists(Path.Combine(workshop.NewPath("diverged"), "adapter_model.safetensors")));
    }

    [Fact]
    public void A_checkpoint_of_another_configuration_says_what_differs()
    {
        Assert.Equal(0, workshop.Train("before", "--save_steps", "2").Code);
        ToolRun run = workshop.Train("before", "--resume", "--lora_r", "2", "--learning_rate", "1e-3");
        Assert.Equal(1, run.Code);
        Assert.Contains("learning_rate was 0.01, now it is 0.001", run.Errors);
        Assert.Contains("the checkpoint trains base_model", run.Errors);
        Assert.Contains("learning_rate: 0.01", File.ReadAllText(workshop.NewPath("before/graft.yaml")));
    }

    [Fact]
    public void An_overwritten_run_leaves_nothing_of_the_earlier_one()
    {
        Assert.Equal(0, workshop.Train("over", "--method", "full").Code);
        workshop.Write("over/notes.txt", "mine");
        Assert.Equal(0, workshop.Train("over", "--overwrite_output_dir").Code);
        Assert.False(File.Exists(workshop.NewPath("over/model.safetensors")));
        Assert.True(File.Exists(workshop.NewPath("over/adapter_model.safetensors")));
        Assert.True(File.Exists(workshop.NewPath("over/notes.txt")));
    }

    [Fact]
    public void Foreign_flags_are_noted()
    {
        ToolRun run = workshop.Train("foreign-flags", "--tf32", "True", "--report_to", "none", "--dataloader-num-workers", "4");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Contains("note: --tf32 has no effect", run.Errors);
        Assert.Contains("note: --dataloader-num-workers has no effect", run.Errors);
        Assert.DoesNotContain("report_to", run.Errors);
    }

    [Fact]
    public void A_run_in_bf16_says_so_and_resumes()
    {
        ToolRun run = workshop.Train("in-bf16", "--fp16", "--bf16", "no", "--max_steps", "4", "--save_steps", "2", "--save_strategy", "steps");
        Assert.True(run.Code == 0, run.Errors);
        Assert.Contains("note: fp16: computing in bf16", run.Errors);
        Assert.Contains("compute  bf16 products, sums in fp32 (fp16: true", run.Errors);
        byte[] straight = File.ReadAllBytes(workshop.NewPath("in-bf16/adapter_model.safetensors"));

        Assert.Equal(0, workshop.Train("in-bf16", "--bf16", "--max_steps", "4", "--save_strategy", "no", "--resume_from_checkpoint", workshop.NewPath("in-bf16/checkpoint-2")).Code);
        Assert.Equal(straight, File.ReadAllBytes(workshop.NewPath("in-bf16/adapter_model.safetensors")));
    }

    [Fact]
    public void The_last_of_two_equal_flags_counts()
    {
        ToolRun run = workshop.Train("twice-given", "--max_steps", "3", "--max-steps", "2", "--json");
        Assert.Equal(2, run.Event("start").GetProperty("max_steps").GetInt32());
    }

    [Fact]
    public void Help_lists_every_key()
    {
        ToolRun run = Workshop.Run("train", "--help");
        Assert.Equal(0, run.Code);
        Assert.All(ConfigKeys.Groups.SelectMany(group => group.Keys), key => Assert.Contains($"--{key.Name} ", run.Results));
        Assert.Contains("--rows", Workshop.Run("preview", "--help").Results);
    }

    [Fact]
    public void Errors_are_events_with_json()
    {
        ToolRun run = Workshop.Run("train", "--json", "--model", workshop.Model);
        Assert.Equal(1, run.Code);
        Assert.Contains("no data: give dataset in the file, or --data FILE", run.Event("error").GetProperty("message").GetString());
        Assert.Empty(run.Errors);
    }
}
