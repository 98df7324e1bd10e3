using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Peft;
using Graft.Tensors.Kernels;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Tests.Configuration;

public sealed class RunConfigurationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("graft-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Values_are_typed_by_their_key()
    {
        RunConfiguration configuration = Read("""
            learning_rate: 1e-5
            eval_strategy: no
            save_strategy: "epoch"
            bias: none
            max_steps: 1_000
            num_train_epochs: 2.5
            gradient_checkpointing: yes
            warmup_steps: 0.1
            seed: 7
            lr_scheduler_type: cosine_with_min_lr
            lr_scheduler_kwargs: {min_lr: 1e-6, num_cycles: 1}
            """);
        TrainingArguments arguments = configuration.ToTrainingArguments();
        Assert.Equal(1e-5, arguments.LearningRate);
        Assert.Equal(IntervalStrategy.No, arguments.EvalStrategy);
        Assert.Equal(IntervalStrategy.Epoch, arguments.SaveStrategy);
        Assert.Equal(1000, arguments.MaxSteps);
        Assert.Equal(2.5, arguments.NumTrainEpochs);
        Assert.True(arguments.GradientCheckpointing);
        Assert.Equal(0.1, arguments.WarmupSteps);
        Assert.Equal(7UL, arguments.Seed);
        Assert.Equal(1e-6, arguments.LrSchedulerKwargs["min_lr"]);
        Assert.Equal(1L, arguments.LrSchedulerKwargs["num_cycles"]);
        Assert.Equal("none", Assert.IsType<LoraConfig>(configuration.ToAdapterConfig()).Bias);
    }

    [Fact]
    public void Defaults_are_those_of_the_libraries()
    {
        RunConfiguration configuration = Read(string.Empty);
        Assert.Equal(new TrainingArguments() with { OutputDir = configuration.OutputDir, Bf16 = BFloat16Support.IsFast, LrSchedulerKwargs = configuration.Get(TrainingKeys.LrSchedulerKwargs) }, configuration.ToTrainingArguments());
        Assert.Equal(new SampleOptions { VocabularySize = 10 }, configuration.ToSampleOptions(10, null));
        Assert.Equal(new DataSetOptions(), configuration.ToDataSetOptions());
        LoraConfig lora = Assert.IsType<LoraConfig>(configuration.ToAdapterConfig());
        Assert.Equal((8, 8.0, 0.0, "none", "true"), (lora.R, lora.LoraAlpha, lora.LoraDropout, lora.Bias, lora.InitLoraWeights.Name));
        Assert.Null(lora.TargetModules);
    }

    [Theory]
    [InlineData("target_modules: [q_proj, v_proj]", "[q_proj, v_proj]")]
    [InlineData("target_modules: q_proj, v_proj", "[q_proj, v_proj]")]
    [InlineData("lora_target_modules: query_key_value", "[query_key_value]")]
    [InlineData("target_modules: all-linear", "'all-linear'")]
    [InlineData("target_modules: '.*\\.(q|v)_proj'", "'.*\\.(q|v)_proj'")]
    [InlineData("target_modules:\n  - a\n  - b", "[a, b]")]
    public void Target_modules_are_a_list_or_an_expression(string yaml, string expected)
        => Assert.Equal(expected, Read(yaml).Get(AdapterKeys.TargetModules)!.ToString());

    [Fact]
    public void Patterns_keep_their_order()
    {
        LoraConfig lora = Assert.IsType<LoraConfig>(Read("rank_pattern: {z: 4, a: 2}\nalpha_pattern:\n  z: 1e1\nr: 3\nlora_alpha: 6").ToAdapterConfig());
        Assert.Equal(["z", "a"], lora.RankPattern.Keys);
        Assert.Equal(10, lora.AlphaPattern["z"]);
        Assert.Equal((3, 6.0), (lora.R, lora.LoraAlpha));
    }

    [Theory]
    [InlineData("seed: 1\nlearning_rate: fast", "run.yaml:2:1: learning_rate must be a number, but is 'fast'")]
    [InlineData("max_steps: 1.5", "max_steps must be a whole number, but is '1.5'")]
    [InlineData("seed: -1", "seed must be a whole number that is not negative, but is '-1'")]
    [InlineData("packing: maybe", "packing must be true or false, but is 'maybe'")]
    [InlineData("eval_strategy: step", "run.yaml:1:1: eval_strategy must be one of no, steps, epoch, but is 'step'; did you mean 'steps'?")]
    [InlineData("learning_rate: [1, 2]", "learning_rate must be a number, but is a list")]
    [InlineData("optim:\n  name: adam", "optim must be a text, but is an object")]
    [InlineData("rank_pattern: 3", "rank_pattern must be an object such as {name: value}, but is '3'")]
    [InlineData("rank_pattern: {a: b}", "rank_pattern.a must be a whole number, but is 'b'")]
    [InlineData("target_modules: [[a: 1]]", "target_modules[0][0] must be a name or a list of names, but is an object")]
    [InlineData("seed: 1\nseed: 2", "run.yaml:2:1: seed is given twice, first at")]
    [InlineData("r: 1\nlora_r: 2", "run.yaml:2:1: lora_r is another name of lora_r, which is given already")]
    [InlineData("lerning_rate: 1", "run.yaml:1:1: lerning_rate: there is no such key; did you mean 'learning_rate'?")]
    [InlineData("per-device-train-batch-sise: 1", "did you mean 'per_device_train_batch_size'?")]
    [InlineData("a: [1, 2", "run.yaml:2:1: not YAML: ")]
    [InlineData("- a\n- b", "expected 'key: value' lines, but the file holds a list")]
    [InlineData("just words", "expected 'key: value' lines, but the file holds a single text")]
    [InlineData("seed: 1\n---\nseed: 2", "run.yaml:2:1: a second document begins here")]
    [InlineData("a: &x 1\nb: *x", "aliases")]
    [InlineData("? [a]\n: 1", "a key must be a single word")]
    public void Mistakes_have_a_place_and_a_remedy(string yaml, string expected)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Read(yaml));
        Assert.True(e is ArgumentException or InvalidDataException, e.GetType().Name);
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void Deep_nesting_is_refused()
        => Assert.Contains("nested deeper", Assert.Throws<InvalidDataException>(() => Read($"a: {new string('[', 50_000)}")).Message);

    [Fact]
    public void A_file_that_is_not_utf8_is_refused()
    {
        string path = Path.Combine(_folder, "latin.yaml");
        File.WriteAllBytes(path, [(byte)'a', (byte)':', 0xE9, (byte)'\n']);
        Assert.Contains("not UTF-8", Assert.Throws<InvalidDataException>(() => RunConfiguration.Load(path)).Message);
    }

    [Fact]
    public void Keys_of_other_trainers_are_noted_once_or_refused()
    {
        RunConfiguration configuration = Read("tf32: true\nbf16_full_eval: false\nreport_to: none\ngroup_by_length: true\npush_to_hub: false\nload_in_4bit: false");
        Assert.Equal(2, configuration.Notes.Count);
        Assert.Contains("tf32 has no effect: bf16 decides", configuration.Notes[0]);
        Assert.Contains("group_by_length has no effect", configuration.Notes[1]);
        Assert.Contains("not yet: training of 8-bit weights themselves", Assert.Throws<NotYetException>(() => Read("llm_int8_has_fp16_weight: true")).Message);
    }

    [Theory]
    [InlineData("bf16: true", true, "bf16: true", 0)]
    [InlineData("bf16: no", false, "bf16: false", 0)]
    [InlineData("fp16: true", true, "fp16: true", 1)]
    [InlineData("fp16: true\nbf16: false", true, "fp16: true", 1)]
    [InlineData("fp16: false\nbf16: True", true, "bf16: true", 0)]
    public void The_precision_is_what_is_asked_for(string yaml, bool bf16, string reason, int notes)
    {
        RunConfiguration configuration = Read(yaml);
        Assert.Equal(bf16, configuration.ToTrainingArguments().Bf16);
        Assert.StartsWith(reason, configuration.Arithmetic.Reason);
        Assert.Equal(notes, configuration.Notes.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("bf16: auto")]
    [InlineData("bf16: null")]
    public void The_processor_decides_about_the_precision_and_says_why(string yaml)
    {
        RunConfiguration configuration = Read(yaml);
        Assert.Equal(BFloat16Support.IsFast, configuration.ToTrainingArguments().Bf16);
        Assert.Equal($"bf16: auto; {BFloat16Support.Reason}", configuration.Arithmetic.Reason);
        Assert.Contains("this CPU has", BFloat16Support.Reason);
        Assert.DoesNotContain("bf16:", configuration.ToYaml());
    }

    [Fact]
    public void Two_half_precisions_are_refused()
    {
        Assert.Contains("exclude each other", Assert.Throws<ArgumentException>(() => Read("fp16: true\nbf16: true").ToTrainingArguments()).Message);
        Assert.Contains("true, false or auto", Assert.Throws<ArgumentException>(() => Read("bf16: maybe")).Message);
    }

    [Fact]
    public void A_saved_configuration_gives_the_same_run_again()
    {
        RunConfiguration configuration = Read("""
            model: "a model: with 'signs'"
            data: [x.jsonl, "y #1.jsonl"]
            template: "“{quote}”\n ->: {tags}"
            learning_rate: 3e-4
            target_modules: '.*\.(q|v)'
            rank_pattern: {'a.*b': 2}
            lr_scheduler_kwargs: {lr_end: 1e-7, power: 2}
            max_length: null
            eval_strategy: no
            sep: "\t"
            resume: true
            adam_epsilon: 1e-8
            """);
        string path = Path.Combine(_folder, RunConfiguration.FileName);
        File.WriteAllText(path, configuration.ToYaml());
        RunConfiguration again = RunConfiguration.Load(_folder);
        Assert.Equal(configuration.ToYaml(), again.ToYaml());
        Assert.Equal(configuration.Get(DataKeys.Template), again.Get(DataKeys.Template));
        Assert.Equal(configuration.ModelFolder, again.ModelFolder);
        Assert.Null(again.Get(DataKeys.MaxLength));
        Assert.Null(again.ResumeFrom);
        Assert.Equal("true", configuration.ResumeFrom);
        Assert.Equal(2L, again.Get(TrainingKeys.LrSchedulerKwargs)["power"]);
    }

    [Fact]
    public void Paths_count_from_the_file_where_they_exist()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "model"));
        File.WriteAllText(Path.Combine(_folder, "a.jsonl"), "{}");
        RunConfiguration configuration = Read("model: model\ndata: '*.jsonl'\neval_dataset: elsewhere.jsonl\noutput: model");
        Assert.Equal(Path.Combine(_folder, "model"), configuration.ModelFolder);
        Assert.Equal([Path.Combine(_folder, "*.jsonl")], configuration.Get(DataKeys.Dataset));
        Assert.Equal([Path.GetFullPath("elsewhere.jsonl")], configuration.Get(DataKeys.EvalDataset));
        Assert.Equal(Path.GetFullPath("model"), configuration.OutputDir);
    }

    [Theory]
    [InlineData("use_peft: false", "Full")]
    [InlineData("use_peft: true", "Lora")]
    [InlineData("use_peft: true\nmethod: ia3", "Ia3")]
    [InlineData("peft_type: LORA", "Lora")]
    public void Use_peft_is_understood(string yaml, string expected) => Assert.Equal(expected, Read(yaml).Method.ToString());

    [Fact]
    public void Use_peft_may_not_contradict_the_method()
        => Assert.Contains("contradict", Assert.Throws<ArgumentException>(() => Read("use_peft: false\nmethod: lora").Method).Message);

    [Fact]
    public void Every_name_belongs_to_one_key()
    {
        var seen = new HashSet<string>(ForeignKeys.Names);
        foreach (ConfigKey key in ConfigKeys.Groups.SelectMany(group => group.Keys))
        {
            Assert.All(key.Aliases.Prepend(key.Name), name => Assert.True(seen.Add(name), name));
            Assert.NotEmpty(key.Help);
        }
    }

    private RunConfiguration Read(string yaml)
    {
        string path = Path.Combine(_folder, "run.yaml");
        File.WriteAllText(path, yaml);
        return RunConfiguration.Load(path);
    }
}
