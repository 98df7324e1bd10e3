namespace Graft.Formats.Tests;

public sealed class CheckpointFolderTests
{
    private static readonly string[] Names = ["embed", "layer.0", "layer.1", "layer.2", "head"];

    [Theory]
    [InlineData(1000, new[] { "model.safetensors" })]
    [InlineData(80, new[] { "model.safetensors" })]
    [InlineData(79, new[] { "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json" })]
    [InlineData(32, new[] { "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", "model.safetensors.index.json" })]
    public void Shards_hold_up_to_the_limit_and_come_back(long limit, string[] expected)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(expected, CheckpointWriter.Write(folder.Path, Model(), limit));
        Assert.Equal(expected.Order(StringComparer.Ordinal), folder.Names());
        using CheckpointFolder checkpoint = CheckpointFolder.Open(folder.Path);
        AssertModel(checkpoint);
        Assert.Equal("pt", checkpoint.Metadata["format"]);
    }

    [Fact]
    public void A_tensor_over_the_limit_has_a_shard_of_its_own_and_does_not_end_the_current_one()
    {
        TensorSource Sized(string name, int floats) => TensorSource.FromSingles(name, [floats], new float[floats]);
        List<List<TensorSource>> shards = CheckpointWriter.Split([Sized("a", 2), Sized("big", 9), Sized("b", 2), Sized("c", 1)], 16);
        Assert.Equal(["big", "a b", "c"], shards.Select(shard => string.Join(' ', shard.Select(tensor => tensor.Name))));
    }

    [Fact]
    public void The_index_is_written_as_transformers_does()
    {
        using var folder = new TemporaryFolder();
        CheckpointWriter.Write(folder.Path, [.. Model().Take(2), TensorSource.FromSingles("ü\"", [4], new float[4])], 32);
        Assert.Equal(
            """
            {
              "metadata": {
                "total_size": 48
              },
              "weight_map": {
                "embed": "model-00001-of-00002.safetensors",
                "layer.0": "model-00001-of-00002.safetensors",
                "ü\"": "model-00002-of-00002.safetensors"
              }
            }

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(folder.File("model.safetensors.index.json")));
    }

    [Fact]
    public void A_save_removes_the_files_of_an_earlier_one_and_no_others()
    {
        using var folder = new TemporaryFolder();
        folder.Write("adapter_model.safetensors", [1]);
        folder.Write("model-card.safetensors", [1]);
        CheckpointWriter.Write(folder.Path, Model(), 32);
        CheckpointWriter.Write(folder.Path, Model());
        Assert.Equal(["adapter_model.safetensors", "model-card.safetensors", "model.safetensors"], folder.Names());
        CheckpointWriter.Write(folder.Path, Model(), 64);
        Assert.DoesNotContain("model.safetensors", folder.Names());
        using CheckpointFolder checkpoint = CheckpointFolder.Open(folder.Path);
        AssertModel(checkpoint);
    }

    [Fact]
    public void Other_base_names_are_independent()
    {
        using var folder = new TemporaryFolder();
        CheckpointWriter.Write(folder.Path, Model(), 32, "adapter_model");
        Assert.Throws<FileNotFoundException>(() => CheckpointFolder.Open(folder.Path));
        using CheckpointFolder adapter = CheckpointFolder.Open(folder.Path, "adapter_model");
        AssertModel(adapter);
    }

    [Theory]
    [InlineData("../outside.safetensors", "not a file name inside")]
    [InlineData("sub/../../outside.safetensors", "not a file name inside")]
    [InlineData("/outside.safetensors", "not a file name inside")]
    [InlineData("..\\outside.safetensors", "not a file name inside")]
    [InlineData("C:outside.safetensors", "not a file name inside")]
    [InlineData("", "not a file name inside")]
    [InlineData("sub", "is a folder")]
    [InlineData("absent.safetensors", "which is not in")]
    [InlineData("other.safetensors", "says that tensor 'w' is in")]
    [InlineData("damaged.safetensors", "truncated")]
    public void Bad_shards_are_refused_by_name(string shard, string expected)
    {
        using var outer = new TemporaryFolder();
        string model = outer.File("model");
        Directory.CreateDirectory(Path.Combine(model, "sub"));
        SafetensorsWriter.Write(outer.File("outside.safetensors"), [Tensor("w", 1)]);
        SafetensorsWriter.Write(Path.Combine(model, "other.safetensors"), [Tensor("x", 1)]);
        outer.Write("model/damaged.safetensors", [1, 2]);
        outer.Write("model/model.safetensors.index.json", System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { weight_map = new { w = shard } }));
        Exception error = Assert.ThrowsAny<Exception>(() => Refuse(model));
        Assert.True(error is InvalidDataException or FileNotFoundException, error.ToString());
        Assert.Contains(expected, error.Message);
    }

    [Theory]
    [InlineData("[]", "weight_map")]
    [InlineData("{}", "weight_map")]
    [InlineData("""{"weight_map":[]}""", "weight_map")]
    [InlineData("""{"weight_map":{"w":1}}""", "weight_map['w']")]
    [InlineData("""{"weight_map":{"w":"a","w":"b"}}""", "uplicate")]
    [InlineData("""{"weight_map":{}""", "not a valid checkpoint index")]
    [InlineData("", "not a valid checkpoint index")]
    public void Malformed_indexes_are_refused(string json, string expected)
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.safetensors.index.json", System.Text.Encoding.UTF8.GetBytes(json));
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => CheckpointFolder.Open(folder.Path));
        Assert.Contains("model.safetensors.index.json", error.Message);
        Assert.Contains(expected, error.Message);
    }

    [Fact]
    public void Wrong_sizes_and_unlisted_tensors_do_no_harm()
    {
        using var folder = new TemporaryFolder();
        SafetensorsWriter.Write(folder.File("a.safetensors"), [Tensor("w", 1), Tensor("unlisted", 2)]);
        folder.Write("model.safetensors.index.json", """{"metadata":{"total_size":-5},"weight_map":{"w":"a.safetensors"}}"""u8.ToArray());
        using CheckpointFolder checkpoint = CheckpointFolder.Open(folder.Path);
        Assert.Equal([2f, 2f, 2f, 2f], checkpoint.Tensors["unlisted"].ToSingles());
    }

    [SkippableFact]
    public void Links_may_not_leave_the_folder_except_into_the_blobs_of_a_hub_cache()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need a privilege there");
        using var outer = new TemporaryFolder();
        string snapshot = outer.File("models--x/snapshots/abc");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(outer.File("models--x/blobs"));
        File.WriteAllText(Path.Combine(snapshot, "model.safetensors.index.json"), """{"weight_map":{"w":"shard.safetensors"}}""");
        string link = Path.Combine(snapshot, "shard.safetensors");
        SafetensorsWriter.Write(outer.File("models--x/blobs/123"), [Tensor("w", 3)]);
        SafetensorsWriter.Write(outer.File("elsewhere"), [Tensor("w", 3)]);

        File.CreateSymbolicLink(link, "../../blobs/123");
        using (CheckpointFolder checkpoint = CheckpointFolder.Open(snapshot))
        {
            Assert.Equal(3f, checkpoint.Tensors["w"].ToSingles()[0]);
        }

        File.Delete(link);
        File.CreateSymbolicLink(link, "../../../elsewhere");
        Assert.Contains("outside the model's folder", Assert.Throws<InvalidDataException>(() => Refuse(snapshot)).Message);

        File.Delete(link);
        File.CreateSymbolicLink(link, "shard.safetensors");
        Assert.Throws<InvalidDataException>(() => Refuse(snapshot));
    }

    private static void Refuse(string folder) => CheckpointFolder.Open(folder).Dispose();

    private static TensorSource Tensor(string name, float value) => TensorSource.FromSingles(name, [4], new[] { value, value, value, value });

    private static IEnumerable<TensorSource> Model() => Names.Select((name, i) => Tensor(name, i));

    private static void AssertModel(CheckpointFolder checkpoint)
    {
        Assert.Equal(Names.Order(StringComparer.Ordinal), checkpoint.Tensors.Keys.Order(StringComparer.Ordinal));
        for (int i = 0; i < Names.Length; i++)
        {
            Assert.Equal([i, i, i, i], checkpoint.Tensors[Names[i]].ToSingles());
        }
    }
}
