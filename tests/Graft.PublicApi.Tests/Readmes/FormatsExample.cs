using Graft.Formats;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class FormatsExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        // The example begins.
        SafetensorsWriter.Write("weights.safetensors", [TensorSource.FromSingles("layer.weight", [2, 3], new float[6])]);

        using SafetensorsFile file = SafetensorsFile.Open("weights.safetensors");   // mapped; every field of the header is checked
        foreach (TensorEntry tensor in file.Tensors)
        {
            Console.WriteLine(tensor);                                              // layer.weight Float32 [2, 3]
        }

        using CheckpointFolder weights = CheckpointFolder.Open("bloom-560m");       // one file, shards with an index, or torch .bin
        float[] embedding = weights.Tensors["transformer.word_embeddings.weight"].ToSingles();
        // The example ends.
        Assert.NotEmpty(embedding);
    }
}
