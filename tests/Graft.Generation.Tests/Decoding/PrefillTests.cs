using Graft.Generation.Decoding;
using Graft.Models;
using Graft.Tensors;

namespace Graft.Generation.Tests.Decoding;

/// <summary>What the prompts cost, counted in operations.</summary>
public sealed class PrefillTests
{
    [Theory]
    [InlineData("llama", new[] { 40 })]
    [InlineData("llama", new[] { 3, 40, 120 })]
    [InlineData("bloom", new[] { 7, 90 })]
    public void A_prompt_has_logits_of_its_last_token_only(string family, int[] lengths)
    {
        using CausalLanguageModel model = TinyModels.Create(family);
        double counted = Linears(model, lengths, steps: 1);
        Assert.Equal(2.0 * ((lengths.Sum() * BlockWeights(model)) + (lengths.Length * HeadWeights(model))), counted);
    }

    [Fact]
    public void Pieces_of_a_long_prompt_have_no_logits_before_the_last()
    {
        using CausalLanguageModel model = TinyModels.Create("bloom");
        const int Piece = 512;
        Assert.Equal(2.0 * Piece * BlockWeights(model), Linears(model, [Piece + 100], steps: 1));
        Assert.Equal(2.0 * (((Piece + 100) * BlockWeights(model)) + HeadWeights(model)), Linears(model, [Piece + 100], steps: 2));
    }

    [Fact]
    public void New_tokens_have_one_row_of_logits_each()
    {
        using CausalLanguageModel model = TinyModels.Create("llama");
        double first = Linears(model, [5, 9], steps: 1);
        Assert.Equal(2.0 * 2 * (BlockWeights(model) + HeadWeights(model)), Linears(model, [5, 9], steps: 2) - first);
    }

    private static long HeadWeights(CausalLanguageModel model) => (long)model.Head.InFeatures * model.Head.OutFeatures;

    private static long BlockWeights(CausalLanguageModel model) => model.Blocks.SelectMany(block => block.NamedModules()).OfType<Linear>().Sum(linear => (long)linear.InFeatures * linear.OutFeatures);

    /// <summary>Operations of all linear layers and of the head in the first steps.</summary>
    private static double Linears(CausalLanguageModel model, int[] promptLengths, int steps)
    {
        using var engine = new GenerationEngine(model);
        for (int i = 0; i < promptLengths.Length; i++)
        {
            engine.Add(EngineRuns.Request(TinyModels.Prompt(promptLengths[i], i), """{"max_new_tokens": 8}"""));
        }

        var profile = new OpProfile();
        OpProfile.Active = profile;
        try
        {
            for (int i = 0; i < steps; i++)
            {
                engine.Step();
            }
        }
        finally
        {
            OpProfile.Active = null;
        }

        return profile.Costs.Where(cost => cost.Name == "linear").Sum(cost => cost.Operations);
    }
}
