namespace Graft.Fuzzing;

/// <summary>A short run over every reader, always the same inputs; the long one is a command (CONTRIBUTING.md).</summary>
public sealed class FuzzingTests
{
    private const int Inputs = 10_000;

    [Theory]
    [InlineData("safetensors")]
    [InlineData("bin")]
    [InlineData("gguf")]
    [InlineData("tokenizer")]
    [InlineData("sentencepiece")]
    public void Damaged_files_are_read_or_refused_with_a_reason(string name)
    {
        string folder = Directory.CreateTempSubdirectory("graft-fuzzing-").FullName;
        try
        {
            var fuzzer = new Fuzzer(FuzzTargets.All().Single(target => target.Name == name), seed: 1, folder);
            fuzzer.Run(first: 0, Inputs, workers: 2);
            Assert.Empty(fuzzer.Findings);

            // Damage that no reader sees would test nothing, and neither would damage that makes all files the same.
            Assert.InRange(fuzzer.Refused, Inputs / 10, Inputs * 99 / 100);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        string folder = Directory.CreateTempSubdirectory("graft-fuzzing-").FullName;
        try
        {
            Fuzzer[] fuzzers = [.. new[] { 1, 1, 2 }.Select(seed => new Fuzzer(new SentencePieceTarget(), seed, folder))];
            byte[][][] inputs = [.. fuzzers.Select(fuzzer => Enumerable.Range(0, 100).Select(input => fuzzer.Input(input)).ToArray())];
            Assert.Equal(inputs[0], inputs[1]);
            Assert.NotEqual(inputs[0], inputs[2]);
            Assert.True(inputs[0].Select(Convert.ToBase64String).Distinct().Count() > 95);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
