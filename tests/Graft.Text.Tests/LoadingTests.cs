using System.Text;
using Graft.Text.Training;

namespace Graft.Text.Tests;

public sealed class LoadingTests
{
    [Theory]
    [InlineData("[]", "a JSON object was expected")]
    [InlineData("{\"version\":\"2.0\",\"model\":{}}", "version '2.0'")]
    [InlineData("{\"version\":\"1.0\"}", "'model' is missing")]
    [InlineData("{\"model\":{\"type\":\"Markov\"}}", "unknown model 'Markov'; known are BPE, Unigram")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":[],\"merges\":[]}}", "'vocab' must be an object, but is a list")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "'a' must be a whole number from 0 to 4294967295, but is -1")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":4294967296},\"merges\":[]}}", "whole number")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a z\"]}}", "merges[0]: token 'z' is not in the vocabulary")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a a\"]}}", "token 'aa' is not in the vocabulary")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}", "two parts")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0}}}", "'merges' is missing")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[],\"dropout\":2}}", "'dropout'")]
    [InlineData("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]],\"unk_id\":7}}", "'unk_id' is 7")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}},\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Scissors\"}]}}", "pretokenizers[0]: unknown pre-tokenizer 'Scissors'; known are BertPreTokenizer")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}},\"normalizer\":{\"type\":\"Iron\"}}", "unknown normalizer 'Iron'")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}},\"decoder\":{\"type\":\"Enigma\"}}", "unknown decoder 'Enigma'")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{}},\"post_processor\":{\"type\":\"Mail\"}}", "unknown post-processor 'Mail'")]
    [InlineData("{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"\\ud800\":0}}}", "Unicode")]
    public void Refuses_bad_files_and_says_why(string json, string expected)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Tokenizer.Parse(System.Text.Encoding.UTF8.GetBytes(json)));
        Assert.Contains(expected, error.Message);
        Assert.StartsWith("tokenizer.json: ", error.Message);
    }

    [Fact]
    public void Refuses_every_truncation()
    {
        string folder = Directory.CreateTempSubdirectory("graft").FullName;
        try
        {
            BpeTrainer.Train([], new BpeTrainerOptions { VocabularySize = 257, SpecialTokens = ["é!"] }).Save(folder);
            byte[] whole = File.ReadAllBytes(Path.Combine(folder, "tokenizer.json"));
            for (int length = 0; length < whole.Length; length += 7)
            {
                Assert.Throws<InvalidDataException>(() => Tokenizer.Parse(whole.AsSpan(0, length)));
            }

            Assert.Equal(257, Tokenizer.Parse(whole).VocabularySize);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Missing_files_are_named()
    {
        Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(Path.Combine(Path.GetTempPath(), "no-such-tokenizer.json")));
        string folder = Directory.CreateTempSubdirectory("graft").FullName;
        try
        {
            Assert.Contains("tokenizer.json", Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder)).Message);
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{\"tokenizer_class\":\"KlingonTokenizer\"}");
            Assert.Contains("KlingonTokenizer", Assert.Throws<NotSupportedException>(() => Tokenizer.Load(folder)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Builds_GPT2_from_vocab_and_merges()
    {
        string folder = Directory.CreateTempSubdirectory("graft").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "vocab.json"), "{\"<|endoftext|>\":0,\"a\":1,\"b\":2,\"Ġ\":3,\"ab\":4}");
            File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\na b\n");
            Tokenizer tokenizer = Tokenizer.Load(folder);
            Assert.Equal([4, 3, 1, 0], tokenizer.Encode("ab a<|endoftext|>").Ids);
            Assert.Equal((0, 0, null), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId));
            File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\na b\na\n");
            Assert.Contains("line 3", Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder)).Message);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Special_tokens_come_from_the_configuration()
    {
        string folder = Directory.CreateTempSubdirectory("graft").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"<s>\":3,\"</s>\":4}}}", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), "{\"bos_token\":{\"content\":\"<s>\"},\"pad_token\":null}");
            File.WriteAllText(Path.Combine(folder, "special_tokens_map.json"), "{\"eos_token\":\"</s>\",\"bos_token\":\"</s>\"}");
            Tokenizer tokenizer = Tokenizer.Load(folder);
            Assert.Equal((3, 4, null, null), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId, tokenizer.UnkTokenId));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
