using System.Text.Json;
using Graft.Training.Tracking;

namespace Graft.Training.Tests.Tracking;

public sealed class MlflowTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Values_are_pythons()
    {
        Assert.Equal("None", PythonText.Of((object?)null));
        Assert.Equal("True", PythonText.Of(true));
        Assert.Equal("plain 'text'", PythonText.Of("plain 'text'"));
        Assert.Equal(["nan", "inf", "-inf", "1e-05", "1.0"], new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e-5, 1 }.Select(PythonText.Of));
        Assert.Equal("""["it's", 'a "b"\n', '\'"', 3, None]""", PythonText.Of(new object?[] { "it's", "a \"b\"\n", "'\"", 3, null }));
        Assert.Equal("{'a': {'b': [1, 2.5]}, 'c': False}", PythonText.Of(JsonDocument.Parse("""{"a": {"b": [1, 2.5]}, "c": false}""").RootElement));
    }

    [Theory]
    [InlineData("tiny", "tiny")]
    [InlineData("two words", "two words")]
    [InlineData("a:b", "a:b")]
    [InlineData("-x", "-x")]
    [InlineData("naïve", "naïve")]
    [InlineData("0123456789abcdef", "0123456789abcdef")]
    [InlineData("", "''")]
    [InlineData("0", "'0'")]
    [InlineData("123456789012345678", "'123456789012345678'")]
    [InlineData("1.5", "'1.5'")]
    [InlineData("1.5e+3", "'1.5e+3'")]
    [InlineData("1e5", "1e5")]
    [InlineData("yes", "'yes'")]
    [InlineData("null", "'null'")]
    [InlineData("~", "'~'")]
    [InlineData("2024-01-02", "'2024-01-02'")]
    [InlineData("it's", "it's")]
    [InlineData("'quoted'", "'''quoted'''")]
    [InlineData("a: b", "'a: b'")]
    [InlineData("a #b", "'a #b'")]
    [InlineData("# b", "'# b'")]
    [InlineData("ends:", "'ends:'")]
    [InlineData(" padded ", "' padded '")]
    [InlineData("[x]", "'[x]'")]
    [InlineData("---", "'---'")]
    [InlineData("two\nlines \"x\"", "\"two\\nlines \\\"x\\\"\"")]
    public void Texts_of_meta_files_are_pyyamls(string text, string expected)
    {
        string yaml = MetaYaml.Write([KeyValuePair.Create("name", (object?)text)]);
        Assert.Equal($"name: {expected}\n", yaml);
        File.WriteAllText(_folder.Of("meta.yaml"), yaml);
        Assert.Equal(text, MetaYaml.Read(_folder.Of("meta.yaml"))["name"]);
    }

    [Fact]
    public void An_experiment_is_found_by_its_name()
    {
        string store = _folder.Of("mlruns");
        MlflowExperiment first = MlflowExperiment.Open(store, "quotes: 1");
        Assert.Matches("^[1-9][0-9]{17}$", first.Id);
        Assert.Equal(first, MlflowExperiment.Open(store, "quotes: 1"));
        Assert.NotEqual(first.Id, MlflowExperiment.Open(store, "other").Id);
        Assert.Equal("0", MlflowExperiment.Open(store).Id);
        Directory.CreateDirectory(Path.Combine(store, ".trash"));
        Directory.Move(first.Folder, Path.Combine(store, ".trash", first.Id));
        Assert.Contains("deleted", Assert.Throws<ArgumentException>(() => MlflowExperiment.Open(store, "quotes: 1")).Message);
    }

    [Fact]
    public void A_run_has_a_file_for_each_thing()
    {
        MlflowRun run = Start();
        run.LogMetric("train/loss", 1.5, 1, 10);
        run.LogMetric("train/loss", double.NaN, 2, 20);
        run.LogParameter("lora/r", "8");
        run.LogParameter("lora/r", "16");
        Assert.Equal("10 1.5 1\n20 nan 2\n", Read("metrics/train/loss"));
        Assert.Equal("8", Read("params/lora/r"));
        Assert.Equal("first", Read("tags/mlflow.runName"));
        Assert.Contains("end_time: null\n", Read("meta.yaml"));
        Assert.Contains("status: 1\n", Read("meta.yaml"));
        run.End(MlflowStatus.Killed, 30);
        Assert.Contains("end_time: 30\n", Read("meta.yaml"));
        Assert.Contains("status: 5\n", Read("meta.yaml"));

        string Read(string name) => File.ReadAllText(Path.Combine(run.Folder, name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../out")]
    [InlineData("/rooted")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a(b)")]
    [InlineData("line\n")]
    public void A_name_that_mlflow_does_not_take_is_refused(string name)
    {
        MlflowRun run = Start();
        Assert.Throws<ArgumentException>(() => run.LogMetric(name, 1, 1, 1));
        Assert.Throws<ArgumentException>(() => run.LogParameter(new string('n', 251), "x"));
        Assert.Throws<ArgumentException>(() => run.LogParameter("long", new string('n', 6001)));
    }

    [Fact]
    public void A_run_goes_on_where_it_is_and_a_missing_one_does_not()
    {
        MlflowRun run = Start();
        run.End(MlflowStatus.Killed, 30);
        MlflowRun again = MlflowRun.Resume(_folder.Of("mlruns"), "0", run.Id)!;
        Assert.Contains("status: 1\n", File.ReadAllText(Path.Combine(again.Folder, "meta.yaml")));
        Assert.Contains("start_time: 5\n", File.ReadAllText(Path.Combine(again.Folder, "meta.yaml")));
        Assert.Contains("run_name: first\n", File.ReadAllText(Path.Combine(again.Folder, "meta.yaml")));
        Assert.Null(MlflowRun.Resume(_folder.Of("mlruns"), "0", "0123"));
        File.WriteAllText(Path.Combine(run.Folder, "meta.yaml"), "name: [1, {");
        Assert.Contains("meta.yaml", Assert.Throws<InvalidDataException>(() => MlflowRun.Resume(_folder.Of("mlruns"), "0", run.Id)).Message);
    }

    private MlflowRun Start() => MlflowRun.Start(MlflowExperiment.Open(_folder.Of("mlruns")), "0123456789abcdef0123456789abcdef", "first", "user", 5);
}
