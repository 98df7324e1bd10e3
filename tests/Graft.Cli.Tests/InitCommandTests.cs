using Graft.Models;
using Graft.Tensors;
using Graft.Text;

namespace Graft.Cli.Tests;

public sealed class InitCommandTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Theory]
    [InlineData("bloom")]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public async Task A_new_model_loads_with_its_tokenizer(string family)
    {
        string config = _tiny.Write("config.json", TinyModel.Config(family));
        string text = _tiny.Write("text.txt", string.Concat(Enumerable.Repeat("the old gardener keeps the old knife in the old shed by the orchard wall\n", 50)));
        ToolResult result = await TinyModel.RunAsync("init", config, "--into", _tiny.At("new"), "--train-tokenizer", text, "--json");
        Assert.True(result.Code == 0, result.Results);
        using CausalLanguageModel model = CausalLanguageModel.Load(_tiny.At("new"));
        Assert.Equal(family, model.Config.ModelType);
        Assert.Equal(model.DistinctWeights().Sum(weight => weight.Slot.Original.Count), result.Summary.GetProperty("parameters").GetInt64());
        Tokenizer tokenizer = Tokenizer.Load(_tiny.At("new"));
        Assert.Equal(tokenizer.VocabularySize, result.Summary.GetProperty("tokens").GetInt32());
        Assert.Equal("the old knife", tokenizer.Decode(tokenizer.Encode("the old knife").Ids));
        Assert.Equal(2, tokenizer.EosTokenId);
    }

    [Fact]
    public async Task The_seed_decides_the_weights_and_the_dtype_how_they_are_stored()
    {
        string config = _tiny.Write("config.json", TinyModel.Config());
        byte[] first = await Weights(config, "a", "--seed", "1");
        Assert.Equal(first, await Weights(config, "b", "--seed", "1"));
        Assert.NotEqual(first, await Weights(config, "c", "--seed", "2"));
        byte[] narrow = await Weights(config, "d", "--seed", "1", "--dtype", "bfloat16");
        Assert.True(narrow.Length < first.Length);
        using CausalLanguageModel model = CausalLanguageModel.Load(_tiny.At("d"));
        Assert.All(model.NamedWeights(), weight => Assert.Equal(DType.BFloat16, weight.Slot.Original.DType));
    }

    [Fact]
    public async Task A_tokenizer_can_be_taken_from_another_model()
    {
        string other = _tiny.CreateModel();
        string config = _tiny.Write("config.json", TinyModel.Config("gpt2"));
        Assert.Equal(0, (await TinyModel.RunAsync("init", config, "--into", _tiny.At("new"), "--tokenizer", other)).Code);
        Assert.Equal(File.ReadAllBytes(Path.Combine(other, "tokenizer.json")), File.ReadAllBytes(_tiny.At("new", "tokenizer.json")));
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_left_alone()
    {
        string kept = _tiny.Write("new/notes.txt", "mine");
        ToolResult result = await TinyModel.RunAsync("init", _tiny.Write("config.json", TinyModel.Config()), "--into", _tiny.At("new"));
        Assert.Equal(1, result.Code);
        Assert.Contains("is not empty", result.Progress, StringComparison.Ordinal);
        Assert.Equal([kept], Directory.EnumerateFileSystemEntries(_tiny.At("new")));
        Assert.Equal(0, (await TinyModel.RunAsync("init", _tiny.At("config.json"), "--into", _tiny.At("new"), "--overwrite")).Code);
        Assert.True(File.Exists(kept));
        Assert.Equal(0, (await TinyModel.RunAsync("inspect", _tiny.At("new"))).Code);
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "model_type is missing")]
    [InlineData("""{"model_type": "quokka"}""", "'quokka' is not supported")]
    [InlineData("""{"model_type": "bloom", "vocab_size": 10}""", "hidden_size or n_embed is missing")]
    [InlineData("""{"model_type": "bloom", "vocab_size": 10, "hidden_size": 6, "n_head": 4}""", "not a multiple of n_head 4")]
    [InlineData("""{"model_type": "bloom", "vocab_size": 2147483647, "hidden_size": 1048576, "n_head": 4, "n_layer": 1}""", "memory")]
    public async Task A_bad_config_makes_nothing(string json, string message)
    {
        ToolResult result = await TinyModel.RunAsync("init", _tiny.Write("config.json", json), "--into", _tiny.At("new"));
        Assert.Equal(1, result.Code);
        Assert.Contains(message, result.Progress, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_tiny.At("new")));
    }

    [Fact]
    public async Task Options_that_contradict_each_other_make_nothing()
    {
        string config = _tiny.Write("config.json", TinyModel.Config());
        string text = _tiny.Write("text.txt", "some text");
        string model = _tiny.CreateModel();
        string tooSmall = _tiny.Write("small.json", TinyModel.Config().Replace($"{TinyModel.VocabularySize}", "200", StringComparison.Ordinal));
        (string[] Args, string Message)[] cases =
        [
            (["init", config, "--into", _tiny.At("new"), "--tokenizer", model, "--train-tokenizer", text], "exclude each other"),
            (["init", config, "--into", _tiny.At("new"), "--dtype", "int4"], "--dtype 'int4' is unknown"),
            (["init", config, "--into", _tiny.At("new"), "--tokenizer", _tiny.At("nowhere")], "nowhere"),
            (["init", config, "--into", _tiny.At("new"), "--train-tokenizer", _tiny.At("nothing.txt")], "nothing.txt"),
            (["init", tooSmall, "--into", _tiny.At("new"), "--tokenizer", model], "vocab_size is 200"),
            (["init", tooSmall, "--into", _tiny.At("new"), "--train-tokenizer", text], "200"),
            (["init", _tiny.At("no.json"), "--into", _tiny.At("new")], "no.json"),
            (["init", config, "--into", text], "is a file"),
        ];
        foreach ((string[] args, string message) in cases)
        {
            ToolResult result = await TinyModel.RunAsync(args);
            Assert.Equal(1, result.Code);
            Assert.Contains(message, result.Progress, StringComparison.Ordinal);
            Assert.False(Directory.Exists(_tiny.At("new")), string.Join(' ', args));
        }
    }

    [Fact]
    public async Task Without_a_tokenizer_it_says_so()
    {
        ToolResult result = await TinyModel.RunAsync("init", _tiny.Write("config.json", TinyModel.Config()), "--into", _tiny.At("new"));
        Assert.Equal(0, result.Code);
        Assert.Contains("without a tokenizer", result.Results, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("init", "--into")]
    [InlineData("merge", "ADAPTER")]
    [InlineData("eval", "--data")]
    [InlineData("inspect", "PATH")]
    public async Task Help_names_what_a_verb_needs(string verb, string needed)
    {
        ToolResult result = await TinyModel.RunAsync(verb, "--help");
        Assert.Equal(0, result.Code);
        Assert.Contains(needed, result.Results, StringComparison.Ordinal);
        Assert.Equal(2, (await TinyModel.RunAsync(verb)).Code);
        Assert.Equal(2, (await TinyModel.RunAsync(verb, "x", "--no-such-flag", "--json")).Code);
        Assert.Contains(verb, (await TinyModel.RunAsync("--help")).Results, StringComparison.Ordinal);
    }

    private async Task<byte[]> Weights(string config, string name, params string[] options)
    {
        Assert.Equal(0, (await TinyModel.RunAsync(["init", config, "--into", _tiny.At(name), .. options])).Code);
        return await File.ReadAllBytesAsync(_tiny.At(name, "model.safetensors"));
    }
}
