using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Data;

namespace Graft.Training.Tests.Loop;

/// <summary>The trainer with an encoder-decoder.</summary>
public sealed class Seq2SeqTrainerTests : IDisposable
{
    private const string Config =
        """
        {
          "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": 48, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.0,
          "relative_attention_num_buckets": 8, "relative_attention_max_distance": 12, "pad_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1, "initializer_range": 0.2
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, false, 0.85)]
    [InlineData(true, true, 0.85)]
    [InlineData(false, false, 0.5)]
    public void Training_lowers_the_loss(bool adapter, bool checkpointing, double share)
    {
        var recorder = new StepRecorder();
        TrainingArguments arguments = Runs.Arguments(_folder.Path) with
        {
            NumTrainEpochs = 60, LearningRate = 0.02, LrSchedulerType = "cosine", SaveStrategy = IntervalStrategy.No, GradientCheckpointing = checkpointing,
        };
        using PeftModel model = Model(adapter);
        using var trainer = new Trainer(model, Samples(model, 12), arguments);
        trainer.Train(recorder);
        Assert.True(recorder.Steps[^1].Loss < share * recorder.Steps[0].Loss, $"from {recorder.Steps[0].Loss} to {recorder.Steps[^1].Loss}");
    }

    [Fact]
    public void Recomputing_blocks_gives_the_same_bits()
    {
        float[] Trained(bool checkpointing)
        {
            using PeftModel model = Model(adapter: false);
            using var trainer = new Trainer(model, Samples(model, 6), Runs.Arguments(_folder.Path) with { MaxSteps = 3, SaveStrategy = IntervalStrategy.No, GradientCheckpointing = checkpointing });
            trainer.Train();
            return Runs.Values(model);
        }

        Assert.Equal(Trained(checkpointing: false), Trained(checkpointing: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_steady_step_allocates_nothing(bool checkpointing)
    {
        using PeftModel model = Model(adapter: true);
        TokenizedSample[] samples = Samples(model, 8);
        IReadOnlyList<TrainableParameter> trained = model.TrainableParameters();
        using var buffer = new ParameterBuffer([.. trained.Select(parameter => parameter.Parameter)]);
        using var tape = new Tape();
        var batch = new MicroBatch(tape);
        long allocated = 0;
        for (int step = 0; step < 40; step++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            batch.Begin();
            for (int i = 0; i < samples.Length; i++)
            {
                batch.Add(samples[i], (ulong)i);
            }

            tape.Reset();
            tape.Mode = TapeMode.Recording;
            batch.Context.GradientCheckpointing = checkpointing;
            model.Base.Loss(batch.Context, model.Base.Forward(batch.Context), batch.Targets, 0.1);
            tape.Backward();
            allocated += step < 20 ? 0 : GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Every_label_counts_and_the_decoder_reads_them_later()
    {
        using PeftModel model = Model(adapter: true);
        var sample = TokenizedSample.ForSource([5, 6, 7], [8, TokenizedSample.Ignored, 9], (Seq2SeqLanguageModel)model.Base, new RowSource("a", 1));
        Assert.Equal(2, sample.TrainableTokens);
        using var tape = new Tape();
        var batch = new MicroBatch(tape);
        batch.Add(sample, key: 1);
        Assert.Equal([8, -100, 9], batch.Targets.ToArray());
        Assert.Equal([0, 8, 0], batch.Context.TokenIds[..3]);
        Assert.Equal([5, 6, 7], batch.Context.Source!.TokenIds[..3]);
        Assert.Equal(2, batch.TrainableTokens);
        batch.Begin();
        Assert.Equal(0, batch.Context.Source.Sequences.Rows);
    }

    [Fact]
    public void Task_types_must_fit_the_model()
    {
        using PeftModel model = Model(adapter: false);
        Assert.Contains("CAUSAL_LM", Assert.Throws<ArgumentException>(() => model.AddAdapter(new LoraConfig { TaskType = "CAUSAL_LM" })).Message, StringComparison.Ordinal);
        using PeftModel causal = TinyRuns.Model(adapter: false);
        Assert.Contains("SEQ_2_SEQ_LM", Assert.Throws<ArgumentException>(() => causal.AddAdapter(new LoraConfig { TaskType = "SEQ_2_SEQ_LM" })).Message, StringComparison.Ordinal);
    }

    private static PeftModel Model(bool adapter)
    {
        var model = new PeftModel(LanguageModel.Create(ConfigReader.Parse(Config), seed: 1));
        if (adapter)
        {
            model.AddAdapter(
                new LoraConfig { R = 8, LoraAlpha = 16, TargetModules = ModuleSelection.Create(["q", "v", "o", "wi", "wo"]), TaskType = "SEQ_2_SEQ_LM", BaseModelNameOrPath = "tiny" }, seed: 7);
        }

        return model;
    }

    /// <summary>Sources of 2 to 6 tokens; what is to be written is the source, each token one higher, and an end.</summary>
    private static TokenizedSample[] Samples(PeftModel model, int count)
        => [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] source = [.. Enumerable.Range(0, 2 + (i % 5)).Select(t => 3 + (((7 * i) + (3 * t)) % 40))];
            return TokenizedSample.ForSource(source, [.. source.Select(id => id + 1), 1], (Seq2SeqLanguageModel)model.Base, new RowSource("tiny.jsonl", i + 1));
        })];
}
