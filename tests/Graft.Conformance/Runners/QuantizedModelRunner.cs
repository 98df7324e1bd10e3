using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;

namespace Graft.Conformance.Runners;

/// <summary><c>quantized-model</c>: a prequantised folder, the float model quantised to the same bytes, an adapter on it, and merging.</summary>
public sealed class QuantizedModelRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "quantized-model";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        string folder = @case.PathOf("model");
        using SafetensorsFile expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        using (LanguageModel model = CaseJson.LoadModel(folder))
        {
            Modules(@case, model);
            DTypes(@case, "parameter_dtypes_loaded", model);
            Logits(@case, check, expected, model);
        }

        if (@case.Has("original"))
        {
            SameBytes(@case, folder);
        }

        using PeftModel peft = PeftModel.Load(folder);
        IReadOnlyList<string> widened = KbitTraining.Prepare(peft.Base);
        Check.Equal("parameter_dtypes_prepared", [.. @case.Root.GetProperty("parameter_dtypes_prepared").EnumerateObject().Select(item => item.Name).Order(StringComparer.Ordinal)], [.. widened.Order(StringComparer.Ordinal)]);
        peft.LoadAdapter(@case.PathOf("adapter"), trainable: true);
        Counts(@case, peft);
        Training(@case, check, expected, peft);
        Merging(@case, check, expected, peft);
    }

    private static void Modules(ConformanceCase @case, LanguageModel model)
    {
        Linear[] layers = [.. model.NamedModules().OfType<Linear>()];
        Check.Equal("quantized_modules", Texts(@case, "quantized_modules"), [.. layers.Where(layer => layer.Weight.Original.Quantized is not null).Select(layer => layer.Name).Order(StringComparer.Ordinal)]);
        Check.Equal("linear_modules_left_alone", Texts(@case, "linear_modules_left_alone"), [.. layers.Where(layer => layer.Weight.Original.Quantized is null).Select(layer => layer.Name).Order(StringComparer.Ordinal)]);
    }

    private static void DTypes(ConformanceCase @case, string property, LanguageModel model)
    {
        foreach ((string name, WeightSlot slot) in model.DistinctWeights())
        {
            Check.Equal($"{property}: {name}", CaseTensors.DTypeOf(@case.Root.GetProperty(property).GetProperty(name).GetString()!), slot.Original.DType);
        }
    }

    private static void Logits(ConformanceCase @case, Check check, SafetensorsFile expected, LanguageModel model)
    {
        List<CaseSequence> sequences = @case.Sequences();
        using var harness = new ModelHarness(model);
        Close(check, expected, "logits", harness, sequences);
        if (@case.Root.GetProperty("dtype").GetString() == "float32")
        {
            (double loss, int counted) = harness.Loss(sequences);
            check.Close("logits. loss", @case.Root.GetProperty("loss").GetDouble(), loss);
            Check.Equal("counted_labels", @case.Root.GetProperty("counted_labels").GetInt32(), counted);
        }

        if (@case.Has("loss_train"))
        {
            harness.Training = true;
            Close(check, expected, "logits_train", harness, sequences);
            check.Close("loss_train", @case.Root.GetProperty("loss_train").GetDouble(), harness.Loss(sequences).Loss);
        }
    }

    /// <summary>Quantises the float model, saves it, and compares every tensor of the file.</summary>
    private static unsafe void SameBytes(ConformanceCase @case, string folder)
    {
        string text = @case.Root.GetProperty("quantization").GetRawText();
        QuantizationConfig config = QuantizationConfig.Read(ConfigReader.Parse(text, "quantization"));
        string saved = Directory.CreateTempSubdirectory("graft-quantized-").FullName;
        try
        {
            using (var model = new PeftModel(LanguageModel.Load(@case.PathOf("original"), config, CaseTensors.DTypeOf(@case.Root.GetProperty("dtype").GetString()!))))
            {
                model.SaveModel(saved);
            }

            using CheckpointFolder ours = CheckpointFolder.Open(saved), theirs = CheckpointFolder.Open(folder);
            Check.Equal("names of tensors", string.Join(' ', theirs.Tensors.Keys.Order(StringComparer.Ordinal)), string.Join(' ', ours.Tensors.Keys.Order(StringComparer.Ordinal)));
            foreach ((string name, TensorEntry entry) in theirs.Tensors)
            {
                TensorEntry actual = ours.Tensors[name];
                Check.Equal($"{name}: type and shape", entry.ToString(), actual.ToString());
                ReadOnlySpan<byte> wanted = new(entry.Data, (int)entry.ByteLength), found = new(actual.Data, (int)actual.ByteLength);
                for (int i = 0; i < wanted.Length; i++)
                {
                    // The reference's codes of scales are those of the library's CPU kernel, ours the nearest ones.
                    if (Math.Abs(wanted[i] - found[i]) > (name.EndsWith(".weight.absmax", StringComparison.Ordinal) ? 1 : 0))
                    {
                        throw new MismatchException($"{name}: byte {i} is {found[i]}, in the reference {wanted[i]}");
                    }
                }
            }

            LanguageModel.Load(saved).Dispose();
        }
        finally
        {
            Directory.Delete(saved, recursive: true);
        }
    }

    private static void Counts(ConformanceCase @case, PeftModel peft)
    {
        (long trainable, long all) = peft.CountParameters();
        Check.Equal("trainable_parameters", @case.Root.GetProperty("trainable_parameters").GetInt64(), trainable);
        Check.Equal("all_parameters", @case.Root.GetProperty("all_parameters").GetInt64(), all);
        Check.Equal("printed", @case.Root.GetProperty("printed").GetString(), peft.PrintTrainableParameters());
        foreach (Graft.Peft.TrainableParameter parameter in peft.TrainableParameters())
        {
            Check.Equal($"adapter_dtypes: {parameter.Name}", @case.Root.GetProperty("adapter_dtypes")[0].GetString(), parameter.Parameter.DType == DType.Float32 ? "float32" : parameter.Parameter.DType.ToString());
        }
    }

    private static unsafe void Training(ConformanceCase @case, Check check, SafetensorsFile expected, PeftModel peft)
    {
        List<CaseSequence> sequences = @case.Sequences();
        IReadOnlyList<Graft.Peft.TrainableParameter> parameters = peft.TrainableParameters();
        using var buffer = new ParameterBuffer([.. parameters.Select(parameter => parameter.Parameter)]);
        using var harness = new ModelHarness(peft.Base) { Training = @case.Root.GetProperty("gradient_mode").GetString() == "train" };
        Close(check, expected, "lora_logits", harness, sequences);
        check.Close("lora_logits. loss", @case.Root.GetProperty("lora_loss").GetDouble(), harness.Loss(sequences, gradientCheckpointing: true).Loss);
        foreach (Graft.Peft.TrainableParameter parameter in parameters)
        {
            string name = $"grad.{parameter.Name.Replace(".default.", ".", StringComparison.Ordinal)}";
            check.Close(name, CaseTensors.Singles(expected, name), new ReadOnlySpan<float>(parameter.Parameter.Gradient, (int)parameter.Parameter.Count));
        }

        harness.Training = false;
        if (expected.TryGet("lora_logits_eval.0", out _))
        {
            Close(check, expected, "lora_logits_eval", harness, sequences);
        }
    }

    private static void Merging(ConformanceCase @case, Check check, SafetensorsFile expected, PeftModel peft)
    {
        peft.MergeAndUnload();
        Dictionary<string, Linear> layers = peft.Base.NamedModules().OfType<Linear>().ToDictionary(layer => layer.Name);
        foreach (JsonElement item in @case.Root.GetProperty("merged_modules").EnumerateArray())
        {
            string name = item.GetString()!;
            layers[name].Weight.Original = MergedBytes.Compare(expected, $"merged.{name}", layers[name].Weight.Original);
        }

        using var harness = new ModelHarness(peft.Base);
        check.Close("merged_logits.0", CaseTensors.Singles(expected, "merged_logits.0"), harness.Logits(@case.Sequences()[0]));
    }

    private static void Close(Check check, SafetensorsFile expected, string name, ModelHarness harness, List<CaseSequence> sequences)
    {
        for (int i = 0; i < sequences.Count; i++)
        {
            check.Close($"{name}.{i}", CaseTensors.Singles(expected, $"{name}.{i}"), harness.Logits(sequences[i]));
        }
    }

    private static string[] Texts(ConformanceCase @case, string property)
        => [.. @case.Root.GetProperty(property).EnumerateArray().Select(item => item.GetString()!).Order(StringComparer.Ordinal)];
}
