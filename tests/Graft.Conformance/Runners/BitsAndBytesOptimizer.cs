using Graft.Formats;
using Graft.Tensors;
using Graft.Tensors.Kernels;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary>The part of <see cref="OptimizerRunner"/> about bitsandbytes' 8-bit and paged optimizers, whose inputs lie in a file of their own.</summary>
/// <remarks>Compared with the run that has exact codes (<c>nearest.</c>), as ours are.</remarks>
internal static unsafe class BitsAndBytesOptimizer
{
    private const string Nearest = "nearest.";

    public static void Run(ConformanceCase @case, Check check)
    {
        int[][] shapes = [.. @case.Root.GetProperty("parameters").EnumerateArray().Select(shape => shape.Integers())];
        ParameterSlot[] slots = ParameterSlot.Pack(shapes.Select((shape, i) => ($"{i}", shape, 0)));
        using Optimizer optimizer = OptimizerCases.CreateBitsAndBytes(@case, slots);
        using SafetensorsFile inputs = SafetensorsFile.Open(@case.PathOf("inputs")), expected = SafetensorsFile.Open(@case.PathOf("tensors"));
        Maps(expected);
        float[] parameters = Flat(inputs, slots, "param", 0);
        int steps = @case.Root.GetProperty("steps").GetInt32();
        for (int step = 1; step <= steps; step++)
        {
            optimizer.Step(parameters, Flat(inputs, slots, "grad", step - 1));
            foreach (ParameterSlot slot in slots)
            {
                Compare(check, expected, $"param.{slot.Name}.{step}", parameters.AsSpan((int)slot.Offset, (int)slot.Count));
                States(check, expected, optimizer, int.Parse(slot.Name), step);
            }
        }
    }

    private static void Maps(SafetensorsFile expected)
    {
        foreach ((string name, bool signed) in new[] { ("qmap1", true), ("qmap2", false) })
        {
            if (expected.TryGet(name, out TensorEntry? map))
            {
                Check.Equal(name, map.ToSingles(), CodeTables.Dynamic(signed));
            }
        }
    }

    private static void States(Check check, SafetensorsFile expected, Optimizer optimizer, int parameter, int step)
    {
        string[][] moments = optimizer is AdEmaMix ? [["exp_avg", "exp_avg_slow"], ["exp_avg_sq"]]
            : [.. optimizer.State.Select(state => state.Name.Split('.')[0]).Distinct().Select(name => new[] { name })];
        for (int i = 0; i < moments.Length; i++)
        {
            string name = $"state.{parameter}.{step}.state{i + 1}";
            if (!expected.TryGet(name, out TensorEntry? entry))
            {
                continue;
            }

            if (entry.DType == DType.Float32)
            {
                check.Close(name, entry.ToSingles(), [.. moments[i].SelectMany(moment => Part(optimizer, moment, parameter).ToArray())]);
                continue;
            }

            Check.Equal(name, CaseTensors.Bytes(expected, Nearest + name), [.. moments[i].SelectMany(moment => Codes(optimizer, moment, parameter))]);
            Compare(check, expected, $"state.{parameter}.{step}.absmax{i + 1}", [.. moments[i].SelectMany(moment => Part(optimizer, $"{moment}.absmax", parameter).ToArray())]);
        }
    }

    private static void Compare(Check check, SafetensorsFile expected, string name, ReadOnlySpan<float> actual)
    {
        if (expected.TryGet(Nearest + name, out TensorEntry? entry) || expected.TryGet(name, out entry))
        {
            check.Close(name, entry.ToSingles(), actual);
        }
    }

    private static (OptimizerState State, StateRegion Region) Find(Optimizer optimizer, string name, int parameter)
    {
        OptimizerState state = optimizer.State.FirstOrDefault(state => state.Name == name) ?? throw new MismatchException($"there is no state {name}");
        return (state, state.Regions.First(region => region.Parameter == parameter));
    }

    private static Span<float> Part(Optimizer optimizer, string name, int parameter)
    {
        (OptimizerState state, StateRegion region) = Find(optimizer, name, parameter);
        return state.Span(region.Offset, region.Shape.Aggregate(1, (product, extent) => product * extent));
    }

    private static byte[] Codes(Optimizer optimizer, string name, int parameter)
    {
        (OptimizerState state, StateRegion region) = Find(optimizer, $"{name}.codes", parameter);
        return new ReadOnlySpan<byte>(state.Data + region.Offset, region.Shape.Aggregate(1, (product, extent) => product * extent)).ToArray();
    }

    private static float[] Flat(SafetensorsFile inputs, ParameterSlot[] slots, string what, int step)
        => [.. slots.SelectMany(slot => CaseTensors.Singles(inputs, $"{what}.{slot.Name}.{step}"))];
}
