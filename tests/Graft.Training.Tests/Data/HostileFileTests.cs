using Graft.Training.Data;

namespace Graft.Training.Tests.Data;

/// <summary>Whatever the bytes, a reader answers with rows or with an error meant for the user.</summary>
public sealed class HostileFileTests : IDisposable
{
    private static readonly byte[] Pieces = [.. "{}[]\",:\\\n\r\t ';truefalsn0123456789.-eE\0"u8, 0xEF, 0xBB, 0xBF, 0xFF, 0xC3, 0xBC, 0x80];

    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a.jsonl", "{\"a\": [1, {\"b\": \"x\\u00fc\"}], \"c\": -1.5e3}\n{\"a\": null}\n")]
    [InlineData("a.json", "[{\"a\": [1, {\"b\": \"x\\u00fc\"}], \"c\": -1.5e3},\n {\"a\": null}]")]
    [InlineData("a.csv", "a,b,a\n1,\"x\"\"\ny\",true\n\n2,,\n")]
    [InlineData("a.txt", "a\n\nb\r\nc")]
    [InlineData("a.jsonl.gz", null)]
    public void Random_damage(string name, string? text)
    {
        byte[] good = text is null ? DataFolder.Gzip("{\"a\": 1}\n{\"a\": 2}\n") : System.Text.Encoding.UTF8.GetBytes(text);
        var random = new Random(7);
        int read = 0;
        for (int i = 0; i < 400; i++)
        {
            List<byte> bytes = [.. good];
            for (int edits = random.Next(1, 6); edits > 0 && bytes.Count > 0; edits--)
            {
                int place = random.Next(bytes.Count);
                switch (random.Next(3))
                {
                    case 0:
                        bytes[place] = Pieces[random.Next(Pieces.Length)];
                        break;
                    case 1:
                        bytes.Insert(place, Pieces[random.Next(Pieces.Length)]);
                        break;
                    default:
                        bytes.RemoveRange(place, Math.Min(random.Next(1, 4), bytes.Count - place));
                        break;
                }
            }

            read += Reads(_folder.Write(name, [.. bytes])) ? 1 : 0;
        }

        Assert.True(name.EndsWith(".gz", StringComparison.Ordinal) || read > 0);
        Assert.True(read < 400 || name == "a.txt");
    }

    [Fact]
    public void Deep_nesting_and_endless_digits_are_errors_not_crashes()
    {
        string deep = _folder.Write("deep.jsonl", $"{{\"a\": {new string('[', 100_000)}");
        string digits = _folder.Write("digits.jsonl", $"{{\"a\": {new string('9', 100_000)}}}");
        string column = _folder.Write("digits.csv", $"a\n{new string('9', 100_000)}\n");

        Assert.StartsWith($"{deep}:1:", Assert.Throws<InvalidDataException>(() => DataSet.Load([deep])).Message, StringComparison.Ordinal);
        Assert.Contains("an integer of 100000 digits", Assert.Throws<InvalidDataException>(() => DataSet.Load([digits])).Message, StringComparison.Ordinal);
        Assert.IsType<string>(DataSet.Load([column]).Rows[0]["a"]);
    }

    private static bool Reads(string path)
    {
        try
        {
            return DataSet.Load([path]).Rows.Count > 0;
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            return false;
        }
    }
}
