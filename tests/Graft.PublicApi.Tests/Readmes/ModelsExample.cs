using Graft.Models;
using Graft.Tensors;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class ModelsExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        // The example begins.
        using CausalLanguageModel model = CausalLanguageModel.Load("bloom-560m");   // weights stay in the memory map, in their own dtype
        Console.WriteLine($"{model.Config.ModelType}, {model.Config.LayerCount} layers, {model.DistinctWeights().Sum(weight => weight.Slot.Original.Count):N0} parameters");

        using var tape = new Tape();
        var context = new ForwardContext(tape);
        context.AddSequence([5, 6, 7]);                                             // as many sequences as you like, of any lengths
        context.AddSequence([8, 9]);
        Tensor logits = model.Logits(context, model.Forward(context));              // [5, vocabulary]
        // The example ends.
        Assert.Equal(5, logits.Rows);
    }
}
