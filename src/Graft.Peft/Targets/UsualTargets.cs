namespace Graft.Peft;

/// <summary>The layers that PEFT targets when a config names none, by <c>model_type</c>.</summary>
internal static class UsualTargets
{
    private static readonly string[] QueryValue = ["q_proj", "v_proj"];
    private static readonly string[] Fused = ["query_key_value"];
    private static readonly string[] KeyValueDown = ["k_proj", "v_proj", "down_proj"];
    private static readonly string[] QueryValueDown = ["q_proj", "v_proj", "down_proj"];

    /// <summary>LoRA's.</summary>
    public static IReadOnlyDictionary<string, string[]> Lora { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["bloom"] = Fused,
        ["falcon"] = Fused,
        ["gpt_neox"] = Fused,
        ["gpt2"] = ["c_attn"],
        ["gpt_bigcode"] = ["c_attn"],
        ["gpt_neo"] = QueryValue,
        ["gptj"] = QueryValue,
        ["opt"] = QueryValue,
        ["llama"] = QueryValue,
        ["mistral"] = QueryValue,
        ["mixtral"] = QueryValue,
        ["stablelm"] = QueryValue,
        ["gemma"] = QueryValue,
        ["gemma2"] = QueryValue,
        ["gemma3_text"] = QueryValue,
        ["qwen2"] = QueryValue,
        ["qwen3"] = QueryValue,
        ["phi"] = ["q_proj", "v_proj", "fc1", "fc2"],
        ["mpt"] = ["Wqkv"],
        ["t5"] = ["q", "v"],
        ["mt5"] = ["q", "v"],
    };

    /// <summary>(IA)³'s. The last of each is the feed-forward one.</summary>
    public static IReadOnlyDictionary<string, string[]> Ia3 { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["bloom"] = ["query_key_value", "mlp.dense_4h_to_h"],
        ["falcon"] = ["query_key_value", "dense_4h_to_h"],
        ["gpt_neox"] = ["query_key_value", "dense_4h_to_h"],
        ["gpt2"] = ["c_attn", "mlp.c_proj"],
        ["opt"] = ["q_proj", "k_proj", "fc2"],
        ["llama"] = KeyValueDown,
        ["mistral"] = KeyValueDown,
        ["mixtral"] = ["k_proj", "v_proj", "w2"],
        ["gemma"] = QueryValueDown,
        ["gemma2"] = QueryValueDown,
        ["gemma3_text"] = QueryValueDown,
        ["qwen2"] = QueryValueDown,
        ["qwen3"] = QueryValueDown,
        ["phi"] = ["q_proj", "v_proj", "fc2"],
        ["t5"] = ["k", "v", "wo"],
    };
}
