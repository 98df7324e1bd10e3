namespace Graft.Peft.Tests.Adapters;

/// <summary>An adapter's gradients follow, by the chain rule, from those of the whole weights of the merged model.</summary>
public class GradientTests
{
    private const double Tolerance = 2e-5;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Lora_and_dora(bool dora)
    {
        using var folder = new SmallModel(SmallModel.Llama);
        LoraConfig config = AdapterRun.Lora("k_proj", "down_proj") with { UseDora = dora };
        using PeftModel model = AdapterRun.With(folder, config);
        foreach (TrainableParameter magnitude in model.TrainableParameters().Where(parameter => parameter.Key.EndsWith("magnitude_vector", StringComparison.Ordinal)))
        {
            for (int i = 0; i < magnitude.Parameter.Values.Length; i++)
            {
                magnitude.Parameter.Values[i] *= 1 + (0.02f * i);
            }
        }

        Dictionary<string, float[]> gradients = AdapterRun.Gradients(model);
        foreach (string module in gradients.Keys.Select(key => key["base_model.model.".Length..key.IndexOf(".lora", StringComparison.Ordinal)]).Distinct())
        {
            Factors factors = new(model, module);
            model.MergeAdapter();
            float[] whole = AdapterRun.BaseGradients(model.Base, [$"{module}.weight"])[$"{module}.weight"];
            model.UnmergeAdapter();
            float[] scaled = dora ? factors.ScaleRows(whole) : whole;
            AdapterRun.AssertClose(factors.GradientOfA(scaled), gradients[$"base_model.model.{module}.lora_A.weight"], Tolerance);
            AdapterRun.AssertClose(factors.GradientOfB(scaled), gradients[$"base_model.model.{module}.lora_B.weight"], Tolerance);
            if (dora)
            {
                AdapterRun.AssertClose(factors.GradientOfMagnitude(whole), gradients[$"base_model.model.{module}.lora_magnitude_vector"], Tolerance);
            }
        }
    }

    [Fact]
    public void Ia3()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        using PeftModel model = AdapterRun.With(folder, new Ia3Config { InitIa3Weights = false });
        Dictionary<string, float[]> gradients = AdapterRun.Gradients(model);
        const string Attention = "model.layers.1.self_attn.k_proj";
        const string Feedforward = "model.layers.0.mlp.down_proj";
        float[] key = Weight(model, $"{Attention}.weight");
        float[] keyBias = Weight(model, $"{Attention}.bias");
        float[] down = Weight(model, $"{Feedforward}.weight");
        model.MergeAdapter();
        Dictionary<string, float[]> whole = AdapterRun.BaseGradients(model.Base, [$"{Attention}.weight", $"{Attention}.bias", $"{Feedforward}.weight"]);
        AdapterRun.AssertClose(
            [.. keyBias.Select((bias, row) => Enumerable.Range(0, 24).Sum(column => key[(row * 24) + column] * whole[$"{Attention}.weight"][(row * 24) + column]) + (bias * whole[$"{Attention}.bias"][row]))],
            gradients[$"base_model.model.{Attention}.ia3_l"],
            Tolerance);
        AdapterRun.AssertClose(
            [.. Enumerable.Range(0, 40).Select(column => Enumerable.Range(0, 24).Sum(row => down[(row * 40) + column] * whole[$"{Feedforward}.weight"][(row * 40) + column]))],
            gradients[$"base_model.model.{Feedforward}.ia3_l"],
            Tolerance);
    }

    [Fact]
    public void Both_uses_of_a_tied_embedding()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        using PeftModel model = AdapterRun.With(folder, AdapterRun.Lora("word_embeddings") with { EnsureWeightTying = true });
        Dictionary<string, float[]> gradients = AdapterRun.Gradients(model);
        float[] a = Value(model, "lora_embedding_A");
        float[] b = Value(model, "lora_embedding_B");
        model.MergeAdapter();
        Assert.Same(model.Base.InputEmbedding.Weight.Original, model.Base.Head.Weight.Original);
        float[] whole = AdapterRun.BaseGradients(model.Base, ["transformer.word_embeddings.weight"])["transformer.word_embeddings.weight"];
        AdapterRun.AssertClose(
            [.. Enumerable.Range(0, 3 * 61).Select(i => 2 * Enumerable.Range(0, 24).Sum(f => whole[(i % 61 * 24) + f] * b[(f * 3) + (i / 61)]))],
            gradients["base_model.model.transformer.word_embeddings.lora_embedding_A"],
            Tolerance);
        AdapterRun.AssertClose(
            [.. Enumerable.Range(0, 24 * 3).Select(i => 2 * Enumerable.Range(0, 61).Sum(token => whole[(token * 24) + (i / 3)] * a[(i % 3 * 61) + token]))],
            gradients["base_model.model.transformer.word_embeddings.lora_embedding_B"],
            Tolerance);
    }

    [Fact]
    public void Token_rows_and_saved_modules_have_the_gradients_of_the_weights_that_they_stand_for()
    {
        using var folder = new SmallModel(SmallModel.Bloom);
        int[] tokens = [20, 3, 37];
        using PeftModel rows = AdapterRun.With(folder, AdapterRun.Lora("query_key_value") with { InitLoraWeights = true, TrainableTokenIndices = TokenIndices.Of(tokens) });
        using PeftModel plain = new(folder.Load());
        float[] whole = AdapterRun.BaseGradients(plain.Base, ["transformer.word_embeddings.weight"])["transformer.word_embeddings.weight"];
        AdapterRun.AssertClose(
            [.. tokens.SelectMany(token => whole[(token * 24)..((token + 1) * 24)])],
            AdapterRun.Gradients(rows)["base_model.model.transformer.word_embeddings.token_adapter.trainable_tokens_delta"],
            Tolerance);

        using PeftModel saved = AdapterRun.With(folder, AdapterRun.Lora("query_key_value") with { InitLoraWeights = true, ModulesToSave = ["ln_f"], Bias = "lora_only" });
        Dictionary<string, float[]> gradients = AdapterRun.Gradients(saved);
        Dictionary<string, float[]> expected = AdapterRun.BaseGradients(plain.Base, ["transformer.ln_f.weight", "transformer.h.1.self_attention.query_key_value.bias"]);
        AdapterRun.AssertClose(expected["transformer.ln_f.weight"], gradients["base_model.model.transformer.ln_f.weight"], Tolerance);
        AdapterRun.AssertClose(
            expected["transformer.h.1.self_attention.query_key_value.bias"], gradients["base_model.model.transformer.h.1.self_attention.query_key_value.base_layer.bias"], Tolerance);
    }

    [Fact]
    public void Dora_with_dropout_is_dora_of_the_input_that_is_left()
    {
        using var folder = new SmallModel(SmallModel.Llama);
        LoraConfig config = AdapterRun.Lora("q_proj") with { UseDora = true };
        using PeftModel still = AdapterRun.With(folder, config);
        using PeftModel dropped = AdapterRun.With(folder, config with { LoraDropout = 0.5 });
        Dictionary<string, float[]> evaluated = AdapterRun.Gradients(dropped);
        Dictionary<string, float[]> expected = AdapterRun.Gradients(still);
        Dictionary<string, float[]> trained = AdapterRun.Gradients(dropped, training: true);
        foreach ((string key, float[] gradient) in expected)
        {
            Assert.Equal(gradient, evaluated[key]);
            Assert.NotEqual(gradient, trained[key]);
        }
    }

    private static float[] Weight(PeftModel model, string name) => model.Base.NamedWeights().Single(weight => weight.Name == name).Slot.Original.ToArray();

    private static float[] Value(PeftModel model, string ending) => model.TrainableParameters().Single(parameter => parameter.Key.EndsWith(ending, StringComparison.Ordinal)).Parameter.ToArray();

    /// <summary>W, A, B and m of one layer, and the chain rule.</summary>
    private sealed class Factors(PeftModel model, string module)
    {
        private const int Rank = 3;
        private const float Scaling = 2;

        private readonly float[] _weight = Weight(model, $"{module}.weight");
        private readonly float[] _a = Value(model, $"{module}.lora_A.weight");
        private readonly float[] _b = Value(model, $"{module}.lora_B.weight");
        private readonly float[] _magnitude = model.TrainableParameters().Any(p => p.Key.EndsWith($"{module}.lora_magnitude_vector", StringComparison.Ordinal)) ? Value(model, $"{module}.lora_magnitude_vector") : [];

        private int Columns => _a.Length / Rank;

        private int Rows => _b.Length / Rank;

        public float[] GradientOfA(float[] whole)
            => [.. Enumerable.Range(0, Rank * Columns).Select(i => Scaling * Enumerable.Range(0, Rows).Sum(row => _b[(row * Rank) + (i / Columns)] * whole[(row * Columns) + (i % Columns)]))];

        public float[] GradientOfB(float[] whole)
            => [.. Enumerable.Range(0, Rows * Rank).Select(i => Scaling * Enumerable.Range(0, Columns).Sum(column => whole[(i / Rank * Columns) + column] * _a[(i % Rank * Columns) + column]))];

        /// <summary>The norm counts as a constant.</summary>
        public float[] GradientOfMagnitude(float[] whole)
            => [.. Enumerable.Range(0, Rows).Select(row => (float)(Enumerable.Range(0, Columns).Sum(column => (double)whole[(row * Columns) + column] * Sum(row, column)) / Norm(row)))];

        public float[] ScaleRows(float[] whole) => [.. whole.Select((value, i) => (float)(value * _magnitude[i / Columns] / Norm(i / Columns)))];

        private double Norm(int row) => Math.Sqrt(Enumerable.Range(0, Columns).Sum(column => Sum(row, column) * Sum(row, column)));

        private double Sum(int row, int column) => _weight[(row * Columns) + column] + (Scaling * Enumerable.Range(0, Rank).Sum(k => (double)_b[(row * Rank) + k] * _a[(k * Columns) + column]));
    }
}
