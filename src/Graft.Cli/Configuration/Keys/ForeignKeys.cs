using Graft.Cli.CommandLine;

namespace Graft.Cli.Configuration;

/// <summary>
/// Keys of other trainers that stand in many tutorials. Those that would change nothing here are taken with a note; those that ask for what Graft does not do are refused by name.
/// </summary>
internal static class ForeignKeys
{
    private const string OneProcess = "there is one process on this machine";
    private const string InMemory = "rows are read and tokenised in memory, once";
    private const string Computed = "bf16 decides about arithmetic, in evaluations too; weights stay in the format of the file";
    private const string Local = "models and data are local folders and files";

    private const string HasFp16Weight = "llm_int8_has_fp16_weight";

    /// <summary>Fields of <c>BitsAndBytesConfig</c> that are accepted and do nothing.</summary>
    private static readonly string[] OfQuantization = ["bnb_4bit_quant_storage", "llm_int8_enable_fp32_cpu_offload"];

    private static readonly Dictionary<string, ForeignKey> ByName = Notes().Concat(Refusals()).ToDictionary(key => key.Name, StringComparer.Ordinal);

    /// <summary>Their names.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>Whether a key may stand in a <c>quantization_config</c>.</summary>
    public static bool IsOfQuantization(string name) => name is HasFp16Weight || OfQuantization.Contains(name);

    /// <summary>Looks one up.</summary>
    public static bool TryGet(string name, out ForeignKey key) => ByName.TryGetValue(name, out key!);

    private static IEnumerable<ForeignKey> Notes() =>
    [
        .. Noted(Computed, "tf32", "fp16_full_eval", "bf16_full_eval", "torch_dtype", "dtype", "half_precision_backend", "fp16_opt_level"),
        .. Noted("nothing is sent anywhere; the log is in the output folder", "trackio_space_id", "include_for_metrics"),
        .. Noted("there is no padding, so there is nothing to gain", "group_by_length", "length_column_name", "padding_free", "pad_to_multiple_of", "padding_side", "pad_token"),
        .. Noted(
            InMemory, "dataloader_num_workers", "dataloader_pin_memory", "dataloader_persistent_workers", "dataloader_prefetch_factor", "preprocessing_num_workers", "dataset_num_proc",
            "remove_unused_columns", "overwrite_cache", "dataset_batch_size", "ignore_data_skip"),
        .. Noted(OneProcess, "local_rank", "ddp_backend", "ddp_find_unused_parameters", "ddp_timeout", "ddp_bucket_cap_mb", "average_tokens_across_devices", "device_map", "use_cpu", "no_cuda", "full_determinism"),
        .. Noted(
            Local, "trust_remote_code", "token", "use_auth_token", "cache_dir", "revision", "model_revision", "hub_model_id", "hub_token", "hub_strategy", "hub_private_repo", "dataset_split",
            "dataset_train_split", "dataset_test_split"),
        .. Noted(
            "there is nothing to choose", "do_train", "do_eval", "save_safetensors", "gradient_checkpointing_kwargs", "use_cache", "attn_implementation", "torch_compile",
            "torch_empty_cache_steps", "disable_tqdm", "log_level", "logging_nan_inf_filter", "prediction_loss_only", "eval_accumulation_steps", "auto_find_batch_size", "use_reentrant",
            "include_tokens_per_second", "save_only_model", "use_fast_tokenizer", "low_cpu_mem_usage", "inference_mode"),
        .. OfQuantization.Select(name => new ForeignKey(name, "it says how files are laid out or where layers run, which changes no result here", IsRefused: false)),
    ];

    private static IEnumerable<ForeignKey> Refusals() =>
    [
        .. Refused("training of 8-bit weights themselves", HasFp16Weight),
        .. Refused("pushing to the Hub", "push_to_hub"),
        .. Refused("training on several machines", "deepspeed", "fsdp", "fsdp_config"),
        .. Refused("noise on the embeddings (NEFTune)", "neftune_noise_alpha"),
        .. Refused("chat templates", "assistant_only_loss", "chat_template", "chat_template_path"),
        .. Refused("low-rank gradients (GaLore, APOLLO)", "optim_target_modules"),
        .. Refused("learning rates of their own for groups of weights", "embedding_learning_rate"),
        .. Refused("streaming of data", "streaming"),
    ];

    private static IEnumerable<ForeignKey> Noted(string why, params string[] names) => names.Select(name => new ForeignKey(name, why, IsRefused: false));

    private static IEnumerable<ForeignKey> Refused(string what, params string[] names) => names.Select(name => new ForeignKey(name, what, IsRefused: true));
}

/// <summary>A key that has no effect here.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why it has none, or what it asks for.</param>
/// <param name="IsRefused">Whether asking for it is an error.</param>
internal sealed record ForeignKey(string Name, string Reason, bool IsRefused)
{
    /// <summary>What to tell the user; null when the value asks for nothing.</summary>
    /// <param name="node">The value.</param>
    /// <exception cref="NotYetException">It asks for something that Graft does not do.</exception>
    public string? Note(ConfigNode node)
    {
        if (node.IsNull || node.Text?.ToLowerInvariant() is "false" or "no" or "off" or "none" or "0" or "")
        {
            return null;
        }

        return IsRefused ? throw new NotYetException($"{Reason} ({node.Label})") : $"{node.Label} has no effect: {Reason}";
    }
}
