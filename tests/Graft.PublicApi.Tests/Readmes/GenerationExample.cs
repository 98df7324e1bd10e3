using Graft.Generation;
using Graft.Peft;
using Graft.Text;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class GenerationExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_example_of_the_readme_runs()
    {
        // The example begins.
        using PeftModel model = PeftModel.Load("bloom-560m");
        Tokenizer tokenizer = Tokenizer.Load("bloom-560m");
        using var generator = new TextGenerator(model, tokenizer, new GenerationConfig { MaxNewTokens = 20 });

        IReadOnlyList<GeneratedText> texts = generator.Generate(["a scion of", "the rootstock"]);   // one batch, unequal lengths
        Console.WriteLine(texts[0].Text);

        var sampled = new GenerationConfig { DoSample = true, Temperature = 0.7, TopP = 0.9 };
        await foreach (string piece in generator.StreamAsync("a scion of", sampled, seed: 1))
        {
            Console.Write(piece);                                                                   // whole characters, as they come
        }
        // The example ends.
        Assert.Equal(2, texts.Count);
    }
}
