using Graft.Text;

namespace Graft.PublicApi.Readmes;

[Collection(ReadmeCollection.Name)]
public sealed class TextExample : IDisposable
{
    private readonly ReadmeFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_example_of_the_readme_runs()
    {
        // The example begins.
        Tokenizer tokenizer = Tokenizer.Load("bloom-560m");                   // a folder, or a tokenizer.json
        Encoding encoding = tokenizer.Encode("a scion takes on the rootstock");
        for (int i = 0; i < encoding.Length; i++)
        {
            Console.WriteLine($"{encoding.Ids[i]} {tokenizer.IdToToken(encoding.Ids[i])} {encoding.Offsets[i]}");
        }

        var decoder = new StreamingDecoder(tokenizer);                        // text as it comes, never half a character
        string text = string.Concat(encoding.Ids.Select(decoder.Push)) + decoder.Flush();
        // The example ends.
        Assert.Equal("a scion takes on the rootstock", text);
    }
}
