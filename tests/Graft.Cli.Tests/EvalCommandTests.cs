using System.Text.Json;
using Graft.Cli.Evaluation;
using Graft.Models;
using Graft.Tensors;
using Graft.Text;
using Graft.Training;
using Graft.Training.Data;

namespace Graft.Cli.Tests;

public sealed class EvalCommandTests : IDisposable
{
    private readonly TinyModel _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public async Task Base_and_adapter_are_measured_on_the_same_tokens()
    {
        string model = _tiny.CreateModel();
        string adapter = _tiny.CreateAdapter(model);
        string data = Data();
        ToolResult result = await TinyModel.RunAsync("eval", adapter, "--data", data, "--json");
        Assert.True(result.Code == 0, result.Results);
        JsonElement[] measured = [.. result.Named("evaluation")];
        Assert.Equal(["base", "adapter"], measured.Select(item => item.GetProperty("model").GetString()));
        Assert.Equal(measured[0].GetProperty("tokens").GetInt64(), measured[1].GetProperty("tokens").GetInt64());
        double difference = measured[1].GetProperty("loss").GetDouble() - measured[0].GetProperty("loss").GetDouble();
        Assert.NotEqual(0, difference);
        Assert.Equal(difference, result.Summary.GetProperty("difference").GetDouble(), 1e-6);

        ToolResult plain = await TinyModel.RunAsync("eval", model, "--data", data, "--json");
        JsonElement alone = Assert.Single(plain.Named("evaluation"));
        Assert.Equal(measured[0].GetProperty("loss").GetDouble(), alone.GetProperty("loss").GetDouble());
    }

    [Fact]
    public async Task The_numbers_are_those_of_the_tokens_one_by_one()
    {
        string folder = _tiny.CreateModel(family: "llama");
        ToolResult result = await TinyModel.RunAsync("eval", folder, "--data", Data(), "--per_device_eval_batch_size", "2", "--json");
        JsonElement measured = Assert.Single(result.Named("evaluation"));
        (double[] losses, int[] tokens) = RowByRow(folder);
        double mean = losses.Sum() / tokens.Sum();
        double variance = losses.Zip(tokens, (loss, count) => Math.Pow(loss - (mean * count), 2)).Sum() * losses.Length / (losses.Length - 1);
        Assert.Equal(mean, measured.GetProperty("loss").GetDouble(), 1e-5);
        Assert.Equal(Math.Exp(mean), measured.GetProperty("perplexity").GetDouble(), 1e-2);
        Assert.Equal(Math.Sqrt(variance) / tokens.Sum(), measured.GetProperty("standard_error").GetDouble(), 1e-5);
        Assert.Equal(tokens.Sum(), measured.GetProperty("tokens").GetInt64());
        Assert.Equal(losses.Length, measured.GetProperty("samples").GetInt32());
    }

    [Fact]
    public async Task The_runs_own_file_gives_template_and_length_and_flags_override_it()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel());
        string data = _tiny.Write("pairs.jsonl", "{\"q\": \"the old orchard\", \"a\": \"remembers\"}\n{\"q\": \"a sharp knife\", \"a\": \"holds\"}\n");
        ToolResult bare = await TinyModel.RunAsync("eval", adapter, "--data", data);
        Assert.Equal(1, bare.Code);
        Assert.Contains("give a template", bare.Progress, StringComparison.Ordinal);
        _tiny.Write("adapter/graft.yaml", "# resolved\nmodel_name_or_path: ./gone\ntemplate: \"{q} ->: {|}{a}\"\nmax_length: 512\ncompletion_only_loss: null\nlora_r: 4\n");
        long completions = Tokens(await TinyModel.RunAsync("eval", adapter, "--data", data, "--json"));
        long everything = Tokens(await TinyModel.RunAsync("eval", adapter, "--data", data, "--template", "{q} ->: {a}", "--json"));
        Assert.True(completions > 0 && completions < everything);
        ToolResult cut = await TinyModel.RunAsync("eval", adapter, "--data", data, "--template", "{q} ->: {a}", "--max_length", "4", "--json");
        Assert.Equal(6, Tokens(cut));
        Assert.Contains("samples were cut to max_length", Assert.Single(cut.Named("note")).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_takes_the_file_of_its_run()
    {
        string adapter = _tiny.CreateAdapter(_tiny.CreateModel(), "run/checkpoint-3");
        string data = _tiny.Write("pairs.jsonl", "{\"q\": \"the old orchard\", \"a\": \"remembers\"}\n");
        _tiny.Write("run/graft.yaml", "prompt_template: \"{q}\"\ncompletion_template: \" {a}\"\n");
        Assert.Equal(0, (await TinyModel.RunAsync("eval", adapter, "--data", data)).Code);
        ToolResult parent = await TinyModel.RunAsync("eval", _tiny.At("run"), "--data", data);
        Assert.Equal(1, parent.Code);
        Assert.Contains("neither an adapter", parent.Progress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_rows_stop_the_evaluation_unless_skipped()
    {
        string model = _tiny.CreateModel();
        string data = _tiny.Write("data.jsonl", "{\"text\": \"the old orchard\"}\n{\"text\": \n{\"text\": \"winter sleeps\"}\n");
        ToolResult failed = await TinyModel.RunAsync("eval", model, "--data", data);
        Assert.Equal(1, failed.Code);
        Assert.Contains("data.jsonl:2:", failed.Progress, StringComparison.Ordinal);
        ToolResult skipped = await TinyModel.RunAsync("eval", model, "--data", data, "--bad_rows", "skip");
        Assert.Equal(0, skipped.Code);
        Assert.Contains("1 rows could not be read", skipped.Progress, StringComparison.Ordinal);
        Assert.Contains("perplexity", skipped.Results, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_ids_need_no_tokenizer_and_texts_do()
    {
        string model = _tiny.CreateModel(withTokenizer: false);
        string ids = _tiny.Write("ids.jsonl", "{\"input_ids\": [5, 6, 7, 8]}\n{\"input_ids\": [9, 10, 11]}\n");
        Assert.Equal(5, Tokens(await TinyModel.RunAsync("eval", model, "--data", ids, "--json")));
        ToolResult result = await TinyModel.RunAsync("eval", model, "--data", Data());
        Assert.Equal(1, result.Code);
        Assert.Contains("there is no tokenizer", result.Progress, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--max_length", "0", "max_length must be at least 1")]
    [InlineData("--per_device_eval_batch_size", "-1", "batch_size must be at least 1")]
    [InlineData("--prompt_template", "{text}", "needs a completion_template")]
    [InlineData("--template", "{nothing}", "there is no column 'nothing'")]
    public async Task Wrong_settings_are_errors(string flag, string value, string message)
    {
        ToolResult result = await TinyModel.RunAsync("eval", _tiny.CreateModel(), "--data", Data(), flag, value);
        Assert.Equal(1, result.Code);
        Assert.Contains(message, result.Progress, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_train_makes_the_other_verbs_take()
    {
        string data = _tiny.Write("pairs.jsonl", "{\"q\": \"the old orchard\", \"a\": \"remembers\"}\n{\"q\": \"a sharp knife\", \"a\": \"holds\"}\n");
        string output = _tiny.At("out");
        ToolResult trained = await TinyModel.RunAsync(
            "train", "--model", _tiny.CreateModel(), "--data", data, "--template", "{q} ->: {|}{a}", "--output_dir", output, "--max_steps", "8", "--save_steps", "4", "--learning_rate", "0.01", "--json");
        Assert.True(trained.Code == 0, trained.Results);
        ToolResult evaluated = await TinyModel.RunAsync("eval", output, "--data", data, "--json");
        Assert.True(evaluated.Summary.GetProperty("adapter_loss").GetDouble() < evaluated.Summary.GetProperty("base_loss").GetDouble());
        Assert.Equal(evaluated.Summary.GetProperty("tokens").GetInt64(), Tokens(await TinyModel.RunAsync("eval", Path.Combine(output, "checkpoint-4"), "--data", data, "--json")));
        ToolResult inspected = await TinyModel.RunAsync("inspect", output, "--json");
        Assert.Equal("run with adapter folder (LORA)", inspected.Summary.GetProperty("kind").GetString());
        Assert.All(inspected.Named("checkpoint"), checkpoint => Assert.True(checkpoint.GetProperty("resumable").GetBoolean()));
        Assert.Equal(0, (await TinyModel.RunAsync("merge", output, "--into", _tiny.At("merged"))).Code);
        ToolResult merged = await TinyModel.RunAsync("eval", _tiny.At("merged"), "--data", data, "--template", "{q} ->: {|}{a}", "--json");
        Assert.Equal(evaluated.Summary.GetProperty("adapter_loss").GetDouble(), merged.Summary.GetProperty("model_loss").GetDouble(), 1e-4);
    }

    [Fact]
    public void The_error_of_a_difference_is_that_of_paired_rows()
    {
        RowLosses first = Losses((4, 2), (9, 3), (2, 1));
        RowLosses second = Losses((3, 2), (7.5, 3), (1.5, 1));
        Assert.Equal(0, first.StandardErrorOfDifference(second), 1e-12);
        Assert.Equal(2.5, first.Mean, 12);
        Assert.Equal(Math.Sqrt(1.5 * (1 + 2.25 + 0.25)) / 6, first.StandardError, 12);
        Assert.True(double.IsNaN(Losses((4, 2)).StandardError));
    }

    private static RowLosses Losses(params (double Sum, int Count)[] rows)
    {
        var losses = new RowLosses();
        foreach ((double sum, int count) in rows)
        {
            losses.Add(new LossSum(sum, count));
        }

        return losses;
    }

    private static long Tokens(ToolResult result) => result.Summary.GetProperty("tokens").GetInt64();

    private string Data() => _tiny.Write("data.jsonl", string.Concat(Texts.Select(text => $"{{\"text\": \"{text}\"}}\n")));

    private static string[] Texts => ["the old orchard remembers", "a patient hand", "winter is when the rootstock sleeps and the knife is sharp", "spring", "the gardener"];

    private static (double[] Losses, int[] Tokens) RowByRow(string folder)
    {
        using CausalLanguageModel model = CausalLanguageModel.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        using var tape = new Tape();
        var losses = new List<double>();
        var tokens = new List<int>();
        foreach (string text in Texts)
        {
            int[] ids = [.. tokenizer.Encode(text).Ids, tokenizer.EosTokenId!.Value];
            EvaluationResult result = new Evaluator(model, tape).Run([new TokenizedSample(ids, ids, default)], batchSize: 1);
            losses.Add(result.TokenLoss * (ids.Length - 1));
            tokens.Add(ids.Length - 1);
        }

        return ([.. losses], [.. tokens]);
    }
}
