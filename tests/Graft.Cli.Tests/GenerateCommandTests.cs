using System.Text.Json;
using Graft.Cli.CommandLine;
using Graft.Models;
using Graft.Peft;
using Graft.Text;
using Graft.Text.Training;

namespace Graft.Cli.Tests;

/// <summary><c>graft generate</c> on a tiny model folder.</summary>
public sealed class GenerateCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("graft-generate-").FullName;

    public GenerateCommandTests()
    {
        const string Config = """{"model_type":"bloom","hidden_size":32,"n_head":4,"n_layer":2,"vocab_size":280,"initializer_range":0.3,"eos_token_id":null}""";
        using var model = new PeftModel(CausalLanguageModel.Create(ConfigReader.Parse(Config), seed: 1));
        model.SaveModel(Model);
        Tokenizer tokenizer = BpeTrainer.Train(["the cat sat on the mat"], new BpeTrainerOptions { VocabularySize = 280, SpecialTokens = ["</s>"] });
        tokenizer.Save(Model);
        model.AddAdapter(new LoraConfig { R = 4, LoraAlpha = 64, InitLoraWeights = false, BaseModelNameOrPath = "../model" });
        model.SaveAdapter(Adapter);
    }

    private string Model => Path.Combine(_folder, "model");

    private string Adapter => Path.Combine(_folder, "adapter");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task One_prompt_gives_its_continuation()
    {
        (int code, string results, string progress) = await RunAsync("--model", Model, "--prompt", "the cat", "--max-new-tokens", "6", "--greedy");
        Assert.Equal(ExitCode.Success, code);
        JsonElement[] events = await JsonAsync("--model", Model, "--prompt", "the cat", "--max-new-tokens", "6", "--greedy");
        Assert.Equal(events[0].GetProperty("base").GetProperty("text").GetString() + Environment.NewLine, results);
        Assert.Equal(6, events[0].GetProperty("base").GetProperty("tokens").GetInt32());
        Assert.Equal("length", events[0].GetProperty("base").GetProperty("finish_reason").GetString());
        Assert.Contains("6 tokens", progress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Base_and_adapter_stand_side_by_side()
    {
        JsonElement[] events = await JsonAsync("--adapter", Adapter, "--which", "both", "--prompt", "the", "--prompt", "a mat", "--max-new-tokens", "8");
        Assert.Equal(3, events.Length);
        Assert.Equal("a mat", events[1].GetProperty("prompt").GetString());
        Assert.All(events[..2], result => Assert.NotEqual(result.GetProperty("base").GetProperty("text").GetString(), result.GetProperty("adapter").GetProperty("text").GetString()));
        Assert.Equal("summary", events[2].GetProperty("event").GetString());
        Assert.Equal(2, events[2].GetProperty("prompts").GetInt32());
        Assert.Equal(32, events[2].GetProperty("tokens").GetInt32());
        (_, string text, _) = await RunAsync("--adapter", Adapter, "--which", "both", "--prompt", "the", "--prompt", "a mat", "--max-new-tokens", "8");
        Assert.Contains($"> a mat{Environment.NewLine}base: ", text, StringComparison.Ordinal);
        Assert.Contains("adapter: ", text, StringComparison.Ordinal);
        JsonElement[] alone = await JsonAsync("--adapter", Adapter, "--prompt", "a mat", "--max-new-tokens", "8");
        Assert.Equal(events[1].GetProperty("adapter").GetRawText(), alone[0].GetProperty("adapter").GetRawText());
        alone = await JsonAsync("--adapter", Adapter, "--which", "base", "--prompt", "a mat", "--max-new-tokens", "8");
        Assert.Equal(events[1].GetProperty("base").GetRawText(), alone[0].GetProperty("base").GetRawText());
    }

    [Fact]
    public async Task Prompts_come_from_standard_input_too()
    {
        TextReader before = Console.In;
        Console.SetIn(new StringReader("the cat\n\na mat\n"));
        try
        {
            JsonElement[] events = await JsonAsync("--model", Model, "--stdin", "--max-new-tokens", "3");
            Assert.Equal(["the cat", "a mat"], events[..2].Select(result => result.GetProperty("prompt").GetString()));
            Assert.Equal([0, 1], events[..2].Select(result => result.GetProperty("index").GetInt32()));
        }
        finally
        {
            Console.SetIn(before);
        }
    }

    [Fact]
    public async Task Sampling_follows_the_seed()
    {
        string[] sampling = ["--model", Model, "--prompt", "the", "--max-new-tokens", "20", "--temperature", "1.5", "--top-k", "0", "--top-p", "0.95", "--min-p", "0.001", "--repetition-penalty", "1.1"];
        string first = Text(await JsonAsync(sampling));
        Assert.Equal(first, Text(await JsonAsync(sampling)));
        Assert.NotEqual(first, Text(await JsonAsync([.. sampling, "--seed", "1"])));
    }

    [Fact]
    public async Task A_stop_string_ends_the_answer()
    {
        string whole = Text(await JsonAsync("--model", Model, "--prompt", "the", "--max-new-tokens", "20"));
        string stop = whole.Substring(2, 2);
        JsonElement[] events = await JsonAsync("--model", Model, "--prompt", "the", "--max-new-tokens", "20", "--stop", "never", "--stop", stop.Replace("\\", "\\\\", StringComparison.Ordinal));
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], Text(events));
        Assert.Equal("stop", events[0].GetProperty("base").GetProperty("finish_reason").GetString());
    }

    [Theory]
    [InlineData("nothing to continue", "--model", "{model}")]
    [InlineData("no model", "--prompt", "a")]
    [InlineData("needs --adapter", "--model", "{model}", "--prompt", "a", "--which", "both")]
    [InlineData("base, adapter and both", "--model", "{model}", "--prompt", "a", "--which", "all")]
    [InlineData("--greedy", "--model", "{model}", "--prompt", "a", "--greedy", "--top-p", "0.5")]
    [InlineData("is empty", "--model", "{model}", "--prompt", "")]
    [InlineData("top_p", "--model", "{model}", "--prompt", "a", "--top-p", "-2")]
    [InlineData("give it as --adapter", "--model", "{model}/../adapter", "--prompt", "a")]
    [InlineData("nowhere", "--model", "nowhere", "--prompt", "a")]
    [InlineData("config.json", "--model", "{model}/..", "--prompt", "a")]
    public async Task Mistakes_are_said_in_a_line(string expect, params string[] arguments)
    {
        (int code, string results, string progress) = await RunAsync([.. arguments.Select(argument => argument.Replace("{model}", Model, StringComparison.Ordinal))]);
        Assert.Equal(ExitCode.Failure, code);
        Assert.Equal(string.Empty, results);
        Assert.Contains(expect, progress, StringComparison.Ordinal);
        Assert.Single(progress.Trim().Split('\n'));
    }

    [Fact]
    public async Task An_adapter_whose_base_is_not_there_says_so()
    {
        Directory.Move(Model, Path.Combine(_folder, "moved"));
        (int code, _, string progress) = await RunAsync("--adapter", Adapter, "--prompt", "a");
        Assert.Equal(ExitCode.Failure, code);
        Assert.Matches("made for the base model '../model'.*--model", progress);
        (code, _, _) = await RunAsync("--adapter", Adapter, "--model", Path.Combine(_folder, "moved"), "--prompt", "a", "--max-new-tokens", "1");
        Assert.Equal(ExitCode.Success, code);
    }

    private static string Text(JsonElement[] events) => events[0].GetProperty("base").GetProperty("text").GetString()!;

    private static async Task<(int Code, string Results, string Progress)> RunAsync(params string[] arguments)
    {
        using var results = new StringWriter();
        using var progress = new StringWriter();
        int code = await GraftTool.RunAsync(["generate", .. arguments], results, progress);
        return (code, results.ToString(), progress.ToString());
    }

    private static async Task<JsonElement[]> JsonAsync(params string[] arguments)
    {
        (int code, string results, string progress) = await RunAsync([.. arguments, "--json"]);
        Assert.True(code == ExitCode.Success, results + progress);
        return [.. results.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
