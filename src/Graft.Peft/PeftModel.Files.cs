using Graft.Formats;
using Graft.Tensors;

namespace Graft.Peft;

/// <content>Folders.</content>
public sealed partial class PeftModel
{
    /// <summary>Loads an adapter folder as PEFT writes it; the first adapter becomes active.</summary>
    /// <remarks>Every tensor of the file must be wanted, and every one that is wanted must be there.</remarks>
    /// <param name="folder">The folder with adapter_config.json and adapter_model.safetensors.</param>
    /// <param name="name">Its name here.</param>
    /// <param name="trainable">Whether it is to be trained further.</param>
    /// <exception cref="InvalidDataException">The files do not make an adapter for this model; the message lists what is wrong.</exception>
    /// <exception cref="NotSupportedException">A method or variant that Graft does not do; the message names it.</exception>
    public void LoadAdapter(string folder, string name = "default", bool trainable = false)
    {
        AdapterConfig config = AdapterConfig.Load(folder) with { InferenceMode = !trainable };
        CheckNew(config, name);
        Adapter adapter = Read(folder, config, name);
        adapter.IsTrainable = trainable;
        Attach(adapter);
    }

    /// <summary>Saves adapters exactly as PEFT does: <c>default</c> into the folder, others into subfolders of their names, a README.md on top.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="name">The adapter; null for all.</param>
    /// <param name="saveEmbeddingLayers">Whether to save the embeddings too; null: when the vocabulary differs from the base folder's.</param>
    public void SaveAdapter(string folder, string? name = null, bool? saveEmbeddingLayers = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        IReadOnlyList<Adapter> chosen = name is null ? [.. _adapters] : [Find(name)];
        if (chosen.Count == 0)
        {
            throw new InvalidOperationException("there is no adapter to save");
        }

        // Merged weights must not end up in an adapter that saves base weights.
        Switch(() =>
        {
            _active.ForEach(adapter => adapter.Deactivate());
            foreach (Adapter adapter in chosen)
            {
                AdapterFolder.Write(adapter.Name == "default" ? folder : Path.Combine(folder, adapter.Name), adapter, Base, saveEmbeddingLayers);
            }

            ModelCard.Write(folder, chosen[0].Config);
        });
    }

    /// <summary>Saves the base model as a Hugging Face folder: the weights in the formats they were loaded in, config.json, and the tokenizer's files.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="maximumShardBytes">Bytes of a weight file above which the weights are split.</param>
    /// <param name="dtype">The format of all weights instead: fp32, bf16 or fp16, rounded to the nearest.</param>
    /// <exception cref="InvalidOperationException">There are adapters that are not merged: use <see cref="SaveMerged"/> or <see cref="MergeAndUnload"/>.</exception>
    public void SaveModel(string folder, long maximumShardBytes = CheckpointWriter.DefaultMaximumShardBytes, DType? dtype = null)
    {
        if (_adapters.Count > 0 && (_merged is null || _disabled > 0))
        {
            throw new InvalidOperationException("the model has adapters that are not merged: merge them first, or save the adapter alone");
        }

        ModelFolder.Write(folder, Base, slot => dtype ?? _storedAs[slot], maximumShardBytes, dtype);
    }

    /// <summary>Saves the model with its active adapters merged; afterwards everything is as before.</summary>
    /// <param name="folder">The folder; created when missing.</param>
    /// <param name="maximumShardBytes">Bytes of a weight file above which the weights are split.</param>
    public void SaveMerged(string folder, long maximumShardBytes = CheckpointWriter.DefaultMaximumShardBytes)
    {
        bool merge = _merged is null && _adapters.Count > 0;
        if (merge)
        {
            MergeAdapter();
        }

        try
        {
            SaveModel(folder, maximumShardBytes);
        }
        finally
        {
            if (merge)
            {
                UnmergeAdapter();
            }
        }
    }

    private Adapter Read(string folder, AdapterConfig config, string name)
    {
        string where = Directory.Exists(folder) ? folder : Path.GetDirectoryName(Path.GetFullPath(folder))!;
        Adapter adapter;
        try
        {
            adapter = AdapterBuilder.Build(config, new AdapterContext(Base, name, null, AutocastAdapterDType: true));
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{Path.Combine(where, AdapterConfig.FileName)}: {e.Message}", e);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException($"{Path.Combine(where, AdapterConfig.FileName)}: {e.Message}", e);
        }

        using CheckpointFolder weights = CheckpointFolder.Open(where, "adapter_model");
        return AdapterWeights.Fill(weights, adapter, Base);
    }
}
