using System.Reflection;

namespace Graft.Training.Tests.Samples;

public sealed class LoraOnBloomTests
{
    [Fact]
    public void The_sample_program_trains_and_saves()
    {
        using var folder = new TemporaryFolder();
        string[] tiny = Run(folder.Path);
        double[] losses = Losses(tiny);
        Assert.True(losses[^1] < losses[0] / 2, $"from {losses[0]} to {losses[^1]}");
        Assert.True(File.Exists(folder.Of("lora-on-bloom", "adapter_model.safetensors")));

        // The folder that it has made serves as one that a user brings.
        string model = folder.Of("lora-on-bloom", "tiny-bloom");
        string[] given = Run(folder.Path, model, Path.Combine(model, "quotes.jsonl"), folder.Of("out"));
        Assert.Equal(losses, Losses(given));
        Assert.Equal(File.ReadAllBytes(folder.Of("lora-on-bloom", "adapter_model.safetensors")), File.ReadAllBytes(folder.Of("out", "adapter_model.safetensors")));
    }

    private static string[] Run(string workingDirectory, params string[] args)
    {
        string before = Environment.CurrentDirectory;
        TextWriter console = Console.Out;
        using var text = new StringWriter();
        try
        {
            Environment.CurrentDirectory = workingDirectory;
            Console.SetOut(text);
            Assembly.Load("LoraOnBloom").EntryPoint!.Invoke(null, [args]);
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = before;
        }

        return text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static double[] Losses(string[] lines)
        => [.. lines.Where(line => line.StartsWith("step ", StringComparison.Ordinal)).Select(line => double.Parse(line.Split("loss ")[1].Split(' ')[0]))];
}
