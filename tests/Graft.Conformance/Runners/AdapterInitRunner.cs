using System.Text.Json;
using Graft.Formats;
using Graft.Peft;

namespace Graft.Conformance;

/// <summary>Kind <c>adapter-init</c>: the values of a new adapter, exactly or by their distribution.</summary>
public sealed class AdapterInitRunner : ICaseRunner
{
    private const string Name = "default";

    /// <inheritdoc/>
    public string Kind => "adapter-init";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        AdapterConfig config = AdapterCase.ParseConfig(@case.Root.GetProperty("config"));
        using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
        using var harness = new ModelHarness(model.Base);
        List<int[]> sequences = @case.Has("sequences") ? [.. @case.Root.GetProperty("sequences").EnumerateArray().Select(sequence => sequence.GetProperty("input_ids").Integers())] : [[1, 5, 9, 3]];
        float[][] before = [.. sequences.Select(harness.Logits)];
        AdapterCase.OrNotYet(() => model.AddAdapter(config, Name, seed: 1234));
        AdapterCase.InTemporaryFolder(folder =>
        {
            model.SaveAdapter(folder, Name);
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
            var values = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => (Shape: tensor.Shape.Select(size => (int)size).ToArray(), Values: tensor.ToSingles()), StringComparer.Ordinal);
            CheckStatistics(@case, values);
            CheckRanks(@case, values);
            CheckArrays(@case, check, values, model);
            CheckSeed(@case, config, values);
        });
        bool isNoOp = (@case.Has("logits_equal_base") && @case.Root.GetProperty("logits_equal_base").GetBoolean()) || (@case.Has("no_op") && @case.Root.GetProperty("no_op").GetBoolean());
        for (int i = 0; i < sequences.Count && isNoOp; i++)
        {
            check.Close($"logits of a new adapter, sequence {i}", before[i], harness.Logits(sequences[i]));
        }
    }

    private static void CheckStatistics(ConformanceCase @case, Dictionary<string, (int[] Shape, float[] Values)> values)
    {
        if (@case.Has("statistics"))
        {
            foreach (JsonProperty entry in @case.Root.GetProperty("statistics").EnumerateObject())
            {
                if (entry.Value.TryGetProperty("property", out JsonElement property))
                {
                    CheckProductIsZero(entry.Name, property.GetString()!, values);
                    continue;
                }

                (int[] shape, float[] got) = Find(values, entry.Name);
                Check.Equal($"shape of {entry.Name}", entry.Value.GetProperty("shape").Integers(), shape);
                CheckDistribution(entry.Name, entry.Value, got);
            }
        }

        if (@case.Has("constant"))
        {
            foreach (JsonProperty entry in @case.Root.GetProperty("constant").EnumerateObject())
            {
                float constant = (float)entry.Value.GetDouble();
                Check.Equal(entry.Name, true, Find(values, entry.Name).Values.All(value => value == constant));
            }
        }
    }

    /// <summary>Bounds that a right generator misses less than once in a million times.</summary>
    private static void CheckDistribution(string name, JsonElement expected, float[] values)
    {
        double mean = values.Average(value => (double)value);
        double deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        double root = Math.Sqrt(values.Length);
        switch (expected.GetProperty("distribution").GetString())
        {
            case "zero":
                Check.Equal($"{name} is zero", true, values.All(value => value == 0));
                break;
            case "uniform":
                double low = expected.GetProperty("low").GetDouble();
                double high = expected.GetProperty("high").GetDouble();
                double spread = (high - low) / Math.Sqrt(12);
                Within($"{name}: least", values.Min(), low * 1.000001, low + ((high - low) * 14 / values.Length));
                Within($"{name}: greatest", values.Max(), high - ((high - low) * 14 / values.Length), high * 1.000001);
                Within($"{name}: mean", mean, ((low + high) / 2) - (5 * spread / root), ((low + high) / 2) + (5 * spread / root));
                Within($"{name}: standard deviation", deviation, spread * (1 - (4 / root)), spread * (1 + (4 / root)));
                break;
            case "normal":
                double wanted = expected.GetProperty("std").GetDouble();
                Within($"{name}: mean", mean, expected.GetProperty("mean").GetDouble() - (5 * wanted / root), expected.GetProperty("mean").GetDouble() + (5 * wanted / root));
                Within($"{name}: standard deviation", deviation, wanted * (1 - (5 / root)), wanted * (1 + (5 / root)));
                Within($"{name}: greatest", values.Max(value => Math.Abs(value)), wanted, 7 * wanted);
                break;
            default:
                throw new NotYetException($"distribution {expected.GetProperty("distribution")}");
        }
    }

    private static void CheckProductIsZero(string module, string property, Dictionary<string, (int[] Shape, float[] Values)> values)
    {
        Check.Equal("property", "lora_B @ lora_A is zero", property);
        Check.Equal($"{module}: lora_B @ lora_A is zero", true, Product(values, module).Values.All(value => Math.Abs(value) < 1e-6f));
    }

    private static void CheckRanks(ConformanceCase @case, Dictionary<string, (int[] Shape, float[] Values)> values)
    {
        if (@case.Has("rank"))
        {
            foreach (JsonProperty entry in @case.Root.GetProperty("rank").EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Number))
            {
                string prefix = $"base_model.model.{entry.Name}.lora_";
                Check.Equal($"rank of {entry.Name}", entry.Value.GetInt32(), values.First(value => value.Key.StartsWith(prefix, StringComparison.Ordinal) && value.Key.Contains("_A", StringComparison.Ordinal)).Value.Shape[0]);
            }
        }
    }

    private static void CheckArrays(ConformanceCase @case, Check check, Dictionary<string, (int[] Shape, float[] Values)> values, PeftModel model)
    {
        if (!@case.Has("tensors"))
        {
            return;
        }

        ExpectedArrays expected = ExpectedArrays.Of(@case);
        foreach (string name in expected.Names)
        {
            string rest = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
            switch (name[..name.IndexOf('.', StringComparison.Ordinal)])
            {
                case "init":
                    check.Close(name, expected[name], Find(values, rest).Values);
                    break;
                case "abs":
                    check.Close(name, expected[name], [.. Find(values, rest).Values.Select(Math.Abs)]);
                    break;
                case "product":
                    check.Close(name, expected[name], Product(values, rest).Values);
                    break;
                case "base":
                    check.Close(name, expected[name], AdapterCase.Weights(model.Base)[rest]);
                    break;
                case "logits":
                    using (var harness = new ModelHarness(model.Base))
                    {
                        int index = int.Parse(rest);
                        check.Close(name, expected[name], harness.Logits(@case.Root.GetProperty("sequences")[index].GetProperty("input_ids").Integers()));
                    }

                    break;
                default:
                    check.Close(name, expected[name], Find(values, name).Values);
                    break;
            }
        }
    }

    /// <summary>The same seed gives the same values, another seed other ones.</summary>
    private static void CheckSeed(ConformanceCase @case, AdapterConfig config, Dictionary<string, (int[] Shape, float[] Values)> values)
    {
        foreach (ulong seed in new ulong[] { 1234, 4321 })
        {
            using PeftModel model = AdapterCase.LoadModel(@case.PathOf("model"));
            model.AddAdapter(config, Name, seed);
            bool isRandom = false;
            foreach (TrainableParameter parameter in model.TrainableParameters())
            {
                bool isSame = parameter.Parameter.ToArray().SequenceEqual(values[parameter.Key].Values);
                isRandom |= !isSame;
                Check.Equal($"{parameter.Name} with the same seed", true, isSame || seed != 1234);
            }

            Check.Equal("another seed gives other values", true, isRandom || seed == 1234 || config is Ia3Config);
        }
    }

    private static (int[] Shape, float[] Values) Find(Dictionary<string, (int[] Shape, float[] Values)> values, string name)
        => values.TryGetValue(name, out var found) ? found : throw new MismatchException($"the new adapter has no {name}");

    /// <summary>B A of a module.</summary>
    private static (int[] Shape, float[] Values) Product(Dictionary<string, (int[] Shape, float[] Values)> values, string module)
    {
        (int[] aShape, float[] a) = Find(values, $"base_model.model.{module}.lora_A.weight");
        (int[] bShape, float[] b) = Find(values, $"base_model.model.{module}.lora_B.weight");
        (int rows, int rank, int columns) = (bShape[0], bShape[1], aShape[1]);
        float[] product = new float[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                double sum = 0;
                for (int k = 0; k < rank; k++)
                {
                    sum += (double)b[(i * rank) + k] * a[(k * columns) + j];
                }

                product[(i * columns) + j] = (float)sum;
            }
        }

        return ([rows, columns], product);
    }

    private static void Within(string what, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
        {
            throw new MismatchException($"{what} is {value:G6}, outside {low:G6} to {high:G6}");
        }
    }
}
