using Graft.Text;

namespace Graft.Fuzzing;

/// <summary>tokenizer.json: the reader, and what it makes of a text.</summary>
internal sealed class TokenizerTarget : IFuzzTarget
{
    private const string Sample = "<s>Hello  wörld, 123 abab\t\u4e2d\u0301 😀";

    public string Name => "tokenizer";

    public bool NeedsFile => false;

    public IReadOnlyList<byte[]> Seeds { get; } = [Utf8(ByteLevel), Utf8(WordPiece), Utf8(Unigram), Utf8(ByteFallback)];

    public void Read(byte[] content, string path) => Use(Tokenizer.Parse(content));

    /// <summary>Encodes and decodes a text.</summary>
    /// <param name="tokenizer">A tokenizer that could be read.</param>
    public static void Use(Tokenizer tokenizer) => tokenizer.Decode(tokenizer.Encode(Sample).Ids);

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private const string ByteLevel = """
        {"version":"1.0","truncation":{"direction":"Right","max_length":64,"strategy":"LongestFirst","stride":0},"padding":null,
        "added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":true,"normalized":false,"special":true}],
        "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}]},
        "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
        "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
        "special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}},
        "decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},
        "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
        "vocab":{"<s>":0,"H":1,"e":2,"l":3,"o":4,"a":5,"b":6,"ab":7,"abab":8,"He":9,"ll":10,"1":11,"2":12,"Ġ":13},"merges":[["a","b"],["ab","ab"],["H","e"],["l","l"]]}}
        """;

    private const string WordPiece = """
        {"version":"1.0","truncation":null,"padding":{"strategy":{"Fixed":16},"direction":"Right","pad_to_multiple_of":8,"pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},
        "added_tokens":[{"id":1,"content":"[CLS]","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
        "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},
        "pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]},
        "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
        "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[PAD]":0,"[CLS]":1,"[SEP]":2,"[UNK]":3,"hello":4,"ab":5,"##ab":6,"1":7,"##2":8,"##3":9}}}
        """;

    private const string Unigram = """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
        "normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Strip","strip_left":true,"strip_right":true},{"type":"Prepend","prepend":"▁"}]},
        "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
        "post_processor":null,"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true},
        "model":{"type":"Unigram","unk_id":0,"byte_fallback":false,"vocab":[["<unk>",0.0],["▁",-2.5],["a",-3.0],["b",-3.25],["ab",-2.0],["▁Hello",-4.0],["l",-5.0],["o",-5.5]]}}
        """;

    private const string ByteFallback = """
        {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":1,"content":"<s>","single_word":true,"lstrip":true,"rstrip":false,"normalized":true,"special":true}],
        "normalizer":null,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"Punctuation","behavior":"MergedWithPrevious"},{"type":"Whitespace"}]},
        "post_processor":{"type":"RobertaProcessing","sep":["<s>",1],"cls":["<s>",1],"trim_offsets":true,"add_prefix_space":true},
        "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},
        "model":{"type":"BPE","dropout":null,"unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":{"<unk>":0,"<s>":1,"<0x41>":2,"<0xC3>":3,"a":4,"b":5,"ab":6},"merges":["a b"]}}
        """;
}
