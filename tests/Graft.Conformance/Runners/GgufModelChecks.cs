using System.Text.Json;
using Graft.Formats;
using Graft.Models;
using Graft.Peft;
using Graft.Tensors;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary>Parts of <see cref="GgufModelRunner"/>.</summary>
internal static unsafe class GgufModelChecks
{
    /// <summary>Every metadata value; of long lists the beginning and the end.</summary>
    public static void Metadata(ConformanceCase @case, GgufFile file)
    {
        foreach (JsonProperty item in @case.Root.GetProperty("metadata").EnumerateObject())
        {
            JsonElement value = item.Value.GetProperty("value");
            switch (item.Name)
            {
                case "GGUF.version":
                    Check.Equal(item.Name, value.GetUInt32(), file.Version);
                    break;
                case "GGUF.tensor_count":
                    Check.Equal(item.Name, value.GetInt32(), file.Tensors.Count);
                    break;
                case "GGUF.kv_count":
                    Check.Equal(item.Name, value.GetInt32(), file.Metadata.Count);
                    break;
                default:
                    GgufValue actual = file.Metadata.GetValueOrDefault(item.Name) ?? throw new MismatchException($"metadata lack {item.Name}");
                    string type = actual.ElementType is { } element ? $"ARRAY/{element}" : actual.Type.ToString();
                    Check.Equal($"type of {item.Name}", item.Value.GetProperty("type").GetString()!.ToUpperInvariant(), type.ToUpperInvariant());
                    Value(item.Name, value, actual.Value);
                    break;
            }
        }
    }

    /// <summary>Negative log-likelihoods of windows, each alone.</summary>
    public static void Likelihood(ConformanceCase @case, Check check, LanguageModel model, SafetensorsFile expected)
    {
        if (!@case.Has("nll"))
        {
            return;
        }

        JsonElement nll = @case.Root.GetProperty("nll");
        int window = nll.GetProperty("window").GetInt32();
        int[] ids = CaseTensors.Integers(expected, "nll_windows");
        double sum = 0;
        using var tape = new Tape { Mode = TapeMode.Inference };
        for (int i = 0; i < ids.Length / window; i++)
        {
            tape.Reset();
            int[] part = ids[(i * window)..((i + 1) * window)];
            var context = new ForwardContext(tape);
            context.AddSequence(part);
            float[] losses = new float[window];
            int[] targets = [.. part.Skip(1), -100];
            LossSum loss = model.Loss(context, model.Forward(context), targets, 1, tokenLosses: losses);
            check.Close($"nll.{i}", CaseTensors.Singles(expected, $"nll.{i}"), losses.AsSpan(0, window - 1));
            check.Close($"mean of window {i}", nll.GetProperty("mean_per_window")[i].GetDouble(), loss.Sum / (window - 1));
            sum += loss.Sum;
        }

        check.Close("mean", nll.GetProperty("mean").GetDouble(), sum / nll.GetProperty("predicted_tokens").GetInt32());
    }

    /// <summary>Loss and gradients of an adapter on the quantised model, and the loss after a step.</summary>
    public static void Lora(ConformanceCase @case, Check check, string path, SafetensorsFile expected)
    {
        if (!@case.Has("lora"))
        {
            return;
        }

        JsonElement lora = @case.Root.GetProperty("lora");
        using PeftModel model = PeftModel.Load(path);
        model.LoadAdapter(@case.Resolve(lora.GetProperty("adapter").GetString()!), trainable: true);
        IReadOnlyList<Graft.Peft.TrainableParameter> parameters = model.TrainableParameters();
        using var buffer = new ParameterBuffer([.. parameters.Select(parameter => parameter.Parameter)]);
        using var harness = new ModelHarness(model.Base);
        List<CaseSequence> sequences = [.. lora.GetProperty("sequences").EnumerateArray().Select(CaseJson.Sequence)];
        (double loss, int counted) = harness.Loss(sequences);
        check.Close("lora loss", lora.GetProperty("loss").GetDouble(), loss);
        Check.Equal("counted_labels", lora.GetProperty("counted_labels").GetInt32(), counted);
        double all = 0;
        foreach (Graft.Peft.TrainableParameter parameter in parameters)
        {
            string key = parameter.Name.Replace(".default.", ".", StringComparison.Ordinal);
            float[] gradient = new ReadOnlySpan<float>(parameter.Parameter.Gradient, (int)parameter.Parameter.Count).ToArray();
            double square = gradient.Sum(value => (double)value * value);
            all += square;
            check.Close($"gradient norm of {key}", lora.GetProperty("gradient_norms").GetProperty(key).GetDouble(), Math.Sqrt(square));
            if (expected.TryGet($"grad.{key}", out TensorEntry? values))
            {
                check.Close($"grad.{key}", values.ToSingles(), gradient);
            }
        }

        check.Close("gradient_norm", lora.GetProperty("gradient_norm").GetDouble(), Math.Sqrt(all));
        Step(check, lora, harness, buffer, parameters, sequences);
    }

    /// <summary>The transpose of a row-major matrix.</summary>
    public static float[] Transpose(float[] matrix, int rows, int columns)
    {
        float[] result = new float[matrix.Length];
        for (int i = 0; i < matrix.Length; i++)
        {
            result[((i % columns) * rows) + (i / columns)] = matrix[i];
        }

        return result;
    }

    private static void Step(
        Check check, JsonElement lora, ModelHarness harness, ParameterBuffer buffer, IReadOnlyList<Graft.Peft.TrainableParameter> parameters, List<CaseSequence> sequences)
    {
        JsonElement settings = lora.GetProperty("optimizer");
        double Number(string name, double otherwise) => settings.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;
        ParameterSlot[] slots = [.. parameters.Select((parameter, i) => new ParameterSlot(parameter.Name, buffer.OffsetOf(i), parameter.Parameter.Shape, 0))];
        double[] betas = settings.TryGetProperty("betas", out JsonElement given) ? [.. given.EnumerateArray().Select(beta => beta.GetDouble())] : [0.9, 0.999];
        using var optimizer = new AdamW(slots, [new ParameterGroup(Number("lr", 1e-3), Number("weight_decay", 0.01))], new AdamOptions(betas[0], betas[1], Number("eps", 1e-8)));
        optimizer.Step(buffer.Values, buffer.Gradients);
        buffer.ClearGradients();
        check.Close("loss_after_one_step", lora.GetProperty("loss_after_one_step").GetDouble(), harness.Loss(sequences).Loss);
    }

    private static void Value(string name, JsonElement expected, object actual)
    {
        if (actual is Array list)
        {
            JsonElement[] values = expected.ValueKind == JsonValueKind.Array ? [.. expected.EnumerateArray()] : [];
            if (expected.ValueKind == JsonValueKind.Object)
            {
                Check.Equal($"length of {name}", expected.GetProperty("length").GetInt32(), list.Length);
                JsonElement[] last = [.. expected.GetProperty("last").EnumerateArray()];
                for (int i = 0; i < last.Length; i++)
                {
                    Value($"{name}[^{last.Length - i}]", last[i], list.GetValue(list.Length - last.Length + i)!);
                }

                values = [.. expected.GetProperty("first").EnumerateArray()];
            }

            for (int i = 0; i < values.Length; i++)
            {
                Value($"{name}[{i}]", values[i], list.GetValue(i)!);
            }

            return;
        }

        switch (actual)
        {
            case string text:
                Check.Equal(name, expected.GetString(), text);
                break;
            case bool flag:
                Check.Equal(name, expected.GetBoolean(), flag);
                break;
            default:
                Check.Equal(name, expected.GetDouble(), Convert.ToDouble(actual));
                break;
        }
    }
}
