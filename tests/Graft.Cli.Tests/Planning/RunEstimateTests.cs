using Graft.Cli.Configuration;
using Graft.Cli.Planning;
using Graft.Training;

namespace Graft.Cli.Tests.Planning;

public sealed class RunEstimateTests(Workshop workshop) : IClassFixture<Workshop>
{
    private static readonly Dictionary<string, string> Configs = new()
    {
        ["bloom"] = """{"model_type":"bloom","vocab_size":1200,"hidden_size":48,"n_layer":7,"n_head":4,"bos_token_id":1,"eos_token_id":2,"pad_token_id":3}""",
        ["falcon"] = """{"model_type":"falcon","vocab_size":900,"hidden_size":48,"num_hidden_layers":5,"num_attention_heads":4,"multi_query":true,"bias":false,"layer_types":["a","b","a","b","a"]}""",
        ["gpt2"] = """{"model_type":"gpt2","vocab_size":1200,"n_embd":48,"n_layer":5,"n_head":3,"n_positions":64}""",
        ["llama"] = """{"model_type":"llama","vocab_size":700,"hidden_size":64,"intermediate_size":172,"num_hidden_layers":6,"num_attention_heads":4,"num_key_value_heads":2,"bos_token_id":1,"eos_token_id":2}""",
    };

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string family in Configs.Keys)
        {
            foreach (string options in new[] { "", "target_modules: all-linear\nlora_dropout: 0.1", "method: full", "gradient_checkpointing: true", "method: full\ngradient_checkpointing: true", "method: ia3" })
            {
                cases.Add(family, options);
            }
        }

        cases.Add("bloom", "target_modules: [query_key_value]\nlayers_to_transform: [5, 6]");
        cases.Add("llama", "target_modules: '.*layers\\.[45]\\..*(q|down)_proj'");
        cases.Add("llama", "modules_to_save: [lm_head]");
        cases.Add("bloom", "packing: true\nmax_length: 64\noptim: sgd");
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Step_memory_is_foretold(string family, string options)
    {
        using PreparedRun run = Prepare(family, options);
        long quick = RunEstimate.MemoryOf(run).Activations;
        MemoryEstimate full = RunEstimate.Of(run, seconds: 0).Memory;
        using Trainer trainer = run.CreateTrainer();
        trainer.Train();
        double measured = trainer.PeakStepBytes;
        Assert.InRange(full.Activations / measured, 0.95, 1.05);
        Assert.InRange(quick / measured, 0.9, 1.1);
        Assert.Equal(run.Model.CountParameters().Trainable * 8, full.Trained);
        Assert.Equal(run.Arguments.Optim == "sgd" ? 0 : full.Trained, full.Optimizer);
    }

    [Fact]
    public void Time_counts_all_tokens_of_the_run()
    {
        using PreparedRun run = Prepare("bloom", "num_train_epochs: 2.5\nmax_steps: -1");
        TimeEstimate time = RunEstimate.Of(run, seconds: 0).Time();
        double epochs = run.Steps.MaxSteps / (double)run.Steps.WindowsIn(0);
        Assert.Equal(epochs * run.Data.Statistics.TotalTokens, time.Tokens, 1.0);
        Assert.Equal(time.TotalSeconds, time.SecondsPerStep * run.Steps.MaxSteps, 6);
        Assert.True(time.OperationsPerSecond > 0);
    }

    private PreparedRun Prepare(string family, string options)
    {
        string model = workshop.NewPath($"estimated-{family}");
        if (!Directory.Exists(model))
        {
            Assert.Equal(0, Workshop.Run("init", workshop.Write($"{family}.json", Configs[family]), "--into", model, "--tokenizer", workshop.Model).Code);
        }

        string yaml = $"model: {model}\ndata: {workshop.Data}\ntemplate: \"{{quote}} and {{quote}} ->: {{tags}}\"\nsave_strategy: no\noutput: {workshop.NewPath("none")}\n{(options.Contains("max_steps") ? "" : "max_steps: 3\n")}{options}\n";
        return PreparedRun.Prepare(RunConfiguration.Load(workshop.Write($"{Guid.NewGuid():N}.yaml", yaml)), CancellationToken.None);
    }
}
