using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Cli.Planning;

/// <summary>A model like the one that is to be trained, but with few layers, few tokens in its vocabulary and blank weights.</summary>
internal static partial class ProbeModel
{
    /// <summary>Tokens of its vocabulary.</summary>
    public const int VocabularySize = 512;

    private static readonly string[] LayerFields = ["num_hidden_layers", "n_layer", "num_layers", "num_decoder_layers"];

    /// <summary>Makes one.</summary>
    /// <param name="model">The model to be trained, with its adapter.</param>
    /// <param name="layers">How many layers to make.</param>
    public static PeftModel Create(PeftModel model, int layers)
    {
        ModelFamily family = ModelFamilies.Of(ConfigReader.Parse(Shrink(model.Base.Config, layers), "a smaller config.json"), out ModelConfig config);
        LanguageModel blank = family.Create(config, new BlankWeights(PlainDType(model)));
        if (model.Base.Quantization is { } quantization)
        {
            ModelQuantization.Quantize(blank, quantization);
        }

        var probe = new PeftModel(blank);
        if (model.AdapterNames.Count > 0)
        {
            probe.AddAdapter(OnEveryLayer(model));
        }

        return probe;
    }

    /// <summary>The blocks of a model, those of an encoder too.</summary>
    /// <param name="model">The model.</param>
    public static IEnumerable<TransformerBlock> Blocks(PeftModel model) => model.Base.NamedModules().OfType<TransformerBlock>();

    /// <summary>The lowest block with something to train: nothing below it is kept for the backward pass.</summary>
    public static int LowestTrainedBlock(PeftModel model)
        => model.TrainableParameters().Min(parameter => BlockNumber().Match(parameter.Name) is { Success: true } number ? int.Parse(number.ValueSpan) : 0);

    /// <summary>The format of a block's weights, as far as they are not quantised.</summary>
    private static DType PlainDType(PeftModel model)
        => Blocks(model).First().NamedWeights().Select(weight => weight.Slot.Original).FirstOrDefault(weight => weight.Quantized is null)?.DType ?? DType.Float32;

    private static string Shrink(ModelConfig config, int layers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (JsonProperty field in config.Reader.Root.EnumerateObject().Where(field => !LayerFields.Contains(field.Name) && field.Name is not ("vocab_size" or "pad_token_id")))
            {
                Copy(writer, field, config.LayerCount, layers);
            }

            foreach (string name in LayerFields)
            {
                writer.WriteNumber(name, layers);
            }

            writer.WriteNumber("vocab_size", VocabularySize);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Copies a field; of a list with an element for each layer, as many as there are layers.</summary>
    private static void Copy(Utf8JsonWriter writer, JsonProperty field, int fullDepth, int layers)
    {
        if (field.Value.ValueKind != JsonValueKind.Array || field.Value.GetArrayLength() != fullDepth)
        {
            field.WriteTo(writer);
            return;
        }

        writer.WriteStartArray(field.Name);
        foreach (JsonElement element in field.Value.EnumerateArray().Take(layers))
        {
            element.WriteTo(writer);
        }

        writer.WriteEndArray();
    }

    /// <summary>The adapter's config, aimed at the same layers of every block whatever the blocks' numbers.</summary>
    private static AdapterConfig OnEveryLayer(PeftModel model)
    {
        AdapterConfig config = model.ConfigOf(model.AdapterNames[0]) with { InferenceMode = false };
        if (config is not LoraConfig lora)
        {
            return config;
        }

        string[] targets = [.. model.TrainableParameters()
            .Where(parameter => parameter.Name.Contains(".lora_", StringComparison.Ordinal))
            .Select(parameter => parameter.Name[..parameter.Name.IndexOf(".lora_", StringComparison.Ordinal)])
            .Select(path => BlockNumber().Match(path) is { Success: true } number ? path[(number.Index + number.Length + 1)..] : path[(path.LastIndexOf('.') + 1)..])
            .Distinct()];
        return lora with { TrainableTokenIndices = null, TargetModules = targets, ExcludeModules = null, LayersToTransform = null, LayersPattern = null };
    }

    [GeneratedRegex(@"(?<=\.)\d+(?=\.)")]
    private static partial Regex BlockNumber();
}
