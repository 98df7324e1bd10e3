using Graft.Tensors;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class TensorsExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        // The example begins.
        Parameter weight = Parameter.Create("weight", 3, 2);   // [out, in], as torch stores it
        weight.RequiresGrad = true;
        using var trained = new ParameterBuffer([weight]);     // values and gradients of everything that is trained, flat

        using var tape = new Tape { Mode = TapeMode.Recording };
        var sequences = new SequenceLayout();
        sequences.Add(length: 3);                              // sequences lie end to end; there is no padding
        sequences.Add(length: 1);
        Tensor x = tape.NewTensor(sequences.Rows, 2, sequences, requiresGrad: false);
        x.Span.Fill(1);

        Tensor logits = Op.Linear(tape, x, weight, bias: null);
        LossSum loss = Op.CrossEntropy(tape, logits, targets: [0, 1, 2, 0], scale: 1.0 / 4);
        tape.Backward();                                       // the gradient lies in the buffer now
        Console.WriteLine(loss.Sum / loss.Count);              // 1.0986: ln 3, for the weight is zero
        // The example ends.
        Assert.Equal(Math.Log(3), loss.Sum / loss.Count, 1e-6);
    }
}
