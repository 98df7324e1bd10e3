using Graft.Models;

namespace Graft.Cli.Configuration;

/// <content>The quantisation of the base model.</content>
internal sealed partial class RunConfiguration
{
    /// <summary>Fields of a saved <c>quantization_config</c> that repeat others.</summary>
    private static readonly string[] WrittenByTransformers = ["quant_method", "_load_in_4bit", "_load_in_8bit"];

    /// <summary>How the base model is quantised while it is loaded; null for as it is in its files.</summary>
    /// <exception cref="ArgumentException">Values that contradict each other.</exception>
    public QuantizationConfig? ToQuantizationConfig()
    {
        if (!Get(QuantizationKeys.LoadIn4Bit) && !Get(QuantizationKeys.LoadIn8Bit))
        {
            return null;
        }

        var config = new QuantizationConfig
        {
            LoadIn4Bit = Get(QuantizationKeys.LoadIn4Bit),
            LoadIn8Bit = Get(QuantizationKeys.LoadIn8Bit),
            Bnb4BitQuantType = Get(QuantizationKeys.LoadIn4Bit) ? Get(QuantizationKeys.QuantType) : new QuantizationConfig().Bnb4BitQuantType,
            Bnb4BitUseDoubleQuant = Get(QuantizationKeys.UseDoubleQuant),
            Bnb4BitComputeDType = Get(QuantizationKeys.ComputeDType),
            Bnb4BitBlockSize = Get(QuantizationKeys.BlockSize),
            LlmInt8Threshold = Get(QuantizationKeys.Threshold),
            LlmInt8SkipModules = Get(QuantizationKeys.SkipModules),
        };
        config.Check();
        return config;
    }

    /// <summary>Takes the fields of a <c>quantization_config</c> over as if they stood alone.</summary>
    private void TakeQuantization(ConfigNode node, HashSet<ConfigKey> taken)
    {
        if (node.IsNull)
        {
            return;
        }

        ConfigNode whole = node.Folder is null && node.Text is { } text ? YamlConfigFile.ReadValue(text, node.Label) : node;
        foreach ((string name, ConfigNode value) in whole.Fields ?? throw node.Wrong("an object such as {load_in_4bit: true}"))
        {
            if (ConfigKeys.Find(name) is { } key && QuantizationKeys.All.Contains(key))
            {
                Take(key, value, taken);
            }
            else if (ForeignKeys.IsOfQuantization(name) && ForeignKeys.TryGet(name, out ForeignKey foreign))
            {
                _notes.AddRange(foreign.Note(value) is { } note ? [note] : Array.Empty<string>());
            }
            else if (name is "quant_method" && value.Text is not "bitsandbytes")
            {
                throw new CommandLine.NotYetException($"quantisation by anything but bitsandbytes ({value.Label}: {value.Text})");
            }
            else if (!WrittenByTransformers.Contains(name))
            {
                throw new ArgumentException($"{value.Label}: there is no such field in {QuantizationKeys.Nested}{Training.Data.NearestName.Suggestion(name, QuantizationKeys.All.Select(known => known.Name))}");
            }
        }
    }

    /// <summary>Keys of 4-bit weights that stand there though nothing is loaded in 4 bits.</summary>
    private IEnumerable<string> QuantizationNotes()
    {
        foreach ((string load, bool loads, string prefix) in new[]
        {
            (QuantizationKeys.LoadIn4Bit.Name, Get(QuantizationKeys.LoadIn4Bit), "bnb_4bit_"),
            (QuantizationKeys.LoadIn8Bit.Name, Get(QuantizationKeys.LoadIn8Bit), "llm_int8_threshold"),
        })
        {
            if (!loads && QuantizationKeys.All.FirstOrDefault(key => IsSet(key) && key.Name.StartsWith(prefix, StringComparison.Ordinal)) is { } idle)
            {
                yield return $"{idle.Name} has no effect: it matters only with {load}";
            }
        }
    }

    /// <summary>Whether a key was given something else than its default: graft.yaml holds every key.</summary>
    private bool IsSet(ConfigKey key) => IsGiven(key) && _values[key] is { } value && key.Write(value) != key.DefaultText;
}
