using System.Runtime.InteropServices;
using Graft.Formats;
using Graft.Formats.Tests;
using Graft.Text;

namespace Graft.Fuzzing;

/// <summary>GGUF files: metadata, tensors, and the tokenizer that they carry.</summary>
internal sealed unsafe class GgufTarget : IFuzzTarget
{
    private const uint UInt32 = 4;
    private const uint Int32 = 5;
    private const uint Float32 = 6;
    private const uint Text = 8;
    private const uint Array = 9;

    private static readonly string[] Tokens = ["<unk>", "<s>", "</s>", "a", "b", "ab", "[tool]", "abab"];

    public string Name => "gguf";

    public bool NeedsFile => true;

    public IReadOnlyList<byte[]> Seeds { get; } =
    [
        Tokenizer("gpt2").Entry("tokenizer.ggml.pre", Text, GgufBytes.Text("smollm")).Entry("tokenizer.ggml.merges", Array, Texts("a b", "ab ab")).Tensor("token_embd.weight", 0, 0, 4, 2).ToArray(new byte[32]),
        Tokenizer("llama").Entry("tokenizer.ggml.scores", Array, Singles(0, 0, 0, -4, -5, -1, 0, -2)).Tensor("blk.0.attn_q.weight", 2, 0, 32, 2).Tensor("blk.0.attn_k.weight", 8, 64, 32, 1).ToArray(new byte[98]),
        Tokenizer("t5").Entry("tokenizer.ggml.scores", Array, Singles(0, 0, 0, -4, -5, -1.5f, 0, -2)).ToArray([]),
    ];

    public void Read(byte[] content, string path)
    {
        using GgufFile file = GgufFile.Open(path);
        foreach (GgufTensor tensor in file.Tensors)
        {
            Touch.All(tensor.Data, tensor.ByteLength);
        }

        GgufTokenizer files = GgufTokenizer.Read(file);
        TokenizerTarget.Use(Graft.Text.Tokenizer.Parse(files.Json, files.Config));
    }

    private static GgufBytes Tokenizer(string model) => new GgufBytes()
        .Entry("general.architecture", Text, GgufBytes.Text("llama")).Entry("general.alignment", UInt32, 32, 0, 0, 0)
        .Entry("tokenizer.ggml.model", Text, GgufBytes.Text(model)).Entry("tokenizer.ggml.tokens", Array, Texts(Tokens))
        .Entry("tokenizer.ggml.token_type", Array, GgufBytes.Array(Int32, 8, MemoryMarshal.AsBytes<int>([2, 3, 3, 1, 1, 1, 4, 1]).ToArray()))
        .Entry("tokenizer.ggml.bos_token_id", UInt32, 1, 0, 0, 0).Entry("tokenizer.ggml.eos_token_id", UInt32, 2, 0, 0, 0).Entry("tokenizer.ggml.unknown_token_id", UInt32, 0, 0, 0, 0);

    private static byte[] Texts(params string[] texts) => GgufBytes.Array(Text, (ulong)texts.Length, [.. texts.SelectMany(GgufBytes.Text)]);

    private static byte[] Singles(params float[] values) => GgufBytes.Array(Float32, (ulong)values.Length, MemoryMarshal.AsBytes<float>(values).ToArray());
}
