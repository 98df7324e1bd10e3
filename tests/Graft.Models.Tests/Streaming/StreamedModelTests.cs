using Graft.Tensors;

namespace Graft.Models.Tests.Streaming;

/// <summary>Models whose weights are streamed: which bytes belong to which stage, in which order passes come by, and that numbers stay the same.</summary>
public sealed class StreamedModelTests
{
    public static TheoryData<string> Configs => [SmallModel.Bloom, SmallModel.Gpt2, SmallModel.Llama];

    [Theory]
    [MemberData(nameof(Configs))]
    public void The_stages_hold_every_weight_of_the_blocks_and_of_the_head_once(string config)
    {
        using var folder = new SmallModel(config);
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write(maximumShardBytes: 20_000));
        IReadOnlyList<WeightStage> stages = WeightStreaming.Stages(model);
        Assert.Equal([.. model.Blocks.Select(block => block.Name), model.Head.Name], stages.Select(stage => stage.Name));
        Assert.Equal(Enumerable.Range(0, stages.Count), stages.Select(stage => stage.Index));

        foreach ((TransformerBlock block, WeightStage stage) in model.Blocks.Zip(stages))
        {
            Assert.Equal(block.NamedWeights().Sum(weight => weight.Slot.Original.Count * sizeof(float)), stage.ByteLength);
            Assert.All(block.NamedWeights(), weight => Assert.Contains(new WeightRange(weight.Slot.Original.Data, weight.Slot.Original.Count * sizeof(float)), stage.Ranges));
        }

        Assert.Equal(model.Head.Weight.Original.Count * sizeof(float), stages[^1].ByteLength);
        WeightRange[] all = [.. stages.SelectMany(stage => stage.Ranges).OrderBy(range => range.Start)];
        Assert.All(all.Zip(all.Skip(1)), pair => Assert.True(pair.First.Start + pair.First.Length <= pair.Second.Start));
        Assert.All(all, range => Assert.Contains(model.MappedFiles, file => file.Contains(range.Start, range.Length)));
    }

    [Theory]
    [InlineData(DType.BFloat16, null)]
    [InlineData(null, true)]
    [InlineData(null, false)]
    public void What_was_converted_or_quantised_on_loading_is_in_no_file(DType? dtype, bool? fourBit)
    {
        using var folder = new SmallModel(SmallModel.Llama);
        QuantizationConfig? quantization = fourBit is { } four ? new QuantizationConfig { LoadIn4Bit = four, LoadIn8Bit = !four } : null;
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write(), quantization, dtype);
        long plain = model.Blocks[0].NamedModules().Where(module => module is not Linear).Sum(module => module.Weights.Sum(slot => slot.Original.Count * sizeof(float)));
        long biases = model.Blocks[0].NamedModules().OfType<Linear>().Sum(linear => linear.Bias!.Original.Count * sizeof(float));
        Assert.Equal(dtype is null ? plain + biases : 0, WeightStreaming.Stages(model)[0].ByteLength);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Passes_come_by_the_blocks_in_order_and_back_again(bool gradientCheckpointing)
    {
        using var folder = new SmallModel(WithLayers(4));
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write());
        var pages = new RecordedPages(room: 3 * WeightStreaming.Stages(model)[0].ByteLength);
        WeightStreaming.Attach(model, WeightStreaming.Stages(model), pages);
        Gradients(model, gradientCheckpointing);

        // The head is small enough to stand beside three blocks less a bit: see WeightStreamingTests for the order itself.
        Assert.Equal("+0 +1 +2 -0 +3 -1 +4 -4 +1 -3 +0", pages.Take());
        Assert.True(model.StreamsWeights);
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void Streaming_changes_no_bit(string config)
    {
        using var folder = new SmallModel(config);
        folder.Write(maximumShardBytes: 20_000);
        using CausalLanguageModel plain = CausalLanguageModel.Load(folder.Folder);
        int[] prompt = ModelRun.Tokens(9);
        float[] logits = ModelRun.Logits(plain, prompt);
        float[] cached = ModelRun.LogitsWithCache(plain, prompt, prefill: 5);
        foreach (bool gradientCheckpointing in new[] { false, true })
        {
            (double loss, float[] gradients) = Gradients(CausalLanguageModel.Load(folder.Folder), gradientCheckpointing);
            using CausalLanguageModel streamed = CausalLanguageModel.Load(folder.Folder);
            var pages = new RecordedPages(room: 0, streamed.MappedFiles);
            WeightStreaming.Attach(streamed, WeightStreaming.Stages(streamed), pages);
            Assert.Equal(logits, ModelRun.Logits(streamed, prompt));
            Assert.Equal(cached, ModelRun.LogitsWithCache(streamed, prompt, prefill: 5));
            pages.Take();
            Assert.Equal((loss, gradients), Gradients(streamed, gradientCheckpointing), Same);
            Assert.Contains(pages.Events, e => e[0] == '-');
        }
    }

    [Fact]
    public void A_model_can_be_closed_while_its_weights_are_read_ahead()
    {
        using var folder = new SmallModel(WithLayers(4));
        folder.Write();
        for (int i = 0; i < 20; i++)
        {
            using CausalLanguageModel model = CausalLanguageModel.Load(folder.Folder);
            WeightStreaming.Attach(model, WeightStreaming.Stages(model), new MappedWeightPages(model.MappedFiles));
            ModelRun.Logits(model, ModelRun.Tokens(3));
        }
    }

    [Fact]
    public void Small_models_are_left_alone()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using CausalLanguageModel model = CausalLanguageModel.Load(folder.Write());
        Assert.Null(model.HeadStage);
        Assert.False(model.StreamsWeights);
    }

    private static bool Same((double Loss, float[] Gradients) a, (double Loss, float[] Gradients) b) => a.Loss.Equals(b.Loss) && a.Gradients.AsSpan().SequenceEqual(b.Gradients);

    private static string WithLayers(int count) => SmallModel.Llama.Replace("\"num_hidden_layers\": 2", $"\"num_hidden_layers\": {count}", StringComparison.Ordinal);

    /// <summary>The loss, and the gradient of the embedding alone: the way back goes through all blocks, whose frozen weights stay in the files.</summary>
    private static unsafe (double Loss, float[] Gradients) Gradients(CausalLanguageModel model, bool gradientCheckpointing)
    {
        using var buffer = new ParameterBuffer([model.InputEmbedding.Weight.Original]);
        using var tape = new Tape { Mode = TapeMode.Recording, RandomSeed = 5 };
        var context = new ForwardContext(tape) { GradientCheckpointing = gradientCheckpointing };
        int[] ids = ModelRun.Tokens(11);
        context.AddSequence(ids);
        LossSum loss = model.Loss(context, model.Forward(context), [.. ids.Skip(1), -100], 0.1);
        tape.Backward();
        Parameter embedding = model.InputEmbedding.Weight.Original;
        return (loss.Sum, new ReadOnlySpan<float>(embedding.Gradient, (int)embedding.Count).ToArray());
    }
}
