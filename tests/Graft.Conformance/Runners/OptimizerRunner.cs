using System.Text.Json;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary><c>optimizer</c>: parameters step by step and the state at the end.</summary>
public sealed class OptimizerRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "optimizer";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        if (@case.Has("inputs"))
        {
            BitsAndBytesOptimizer.Run(@case, check);
            return;
        }

        ExpectedArrays arrays = ExpectedArrays.Of(@case);
        (string Name, int[] Shape)[] shapes = [.. @case.Root.GetProperty("shapes").EnumerateObject()
            .Select(item => (item.Name, item.Value.EnumerateArray().Select(extent => extent.GetInt32()).ToArray()))];
        ParameterSlot[] slots = ParameterSlot.Pack(shapes.Select(item => (item.Name, item.Shape, 0)));
        using Optimizer optimizer = OptimizerCases.Create(@case, slots);
        float[] parameters = Gather(slots, name => arrays[$"{name}.param.0"]);
        double[]? rates = @case.Has("learning_rates") ? [.. @case.Root.GetProperty("learning_rates").EnumerateArray().Select(rate => rate.GetDouble())] : null;
        int steps = @case.Root.GetProperty("steps").GetInt32();
        for (int step = 0; step < steps; step++)
        {
            if (rates is not null)
            {
                optimizer.Groups[0].LearningRate = rates[step];
            }

            bool[] skip = [.. slots.Select(slot => !arrays.Has($"{slot.Name}.grad.{step}") || IsSkipped(@case, slot.Name, step))];
            float[] gradients = Gather(slots, name => arrays.Has($"{name}.grad.{step}") ? arrays[$"{name}.grad.{step}"] : null);
            optimizer.Step(parameters, gradients, skip);
            foreach (ParameterSlot slot in slots.Where(slot => arrays.Has($"{slot.Name}.param.{step + 1}")))
            {
                check.Close($"{slot.Name}.param.{step + 1}", arrays[$"{slot.Name}.param.{step + 1}"], Part(parameters, slot));
            }
        }

        CompareState(check, arrays, slots, optimizer);
        CompareEvaluation(check, arrays, slots, optimizer, parameters);
    }

    private static void CompareState(Check check, ExpectedArrays arrays, ParameterSlot[] slots, Optimizer optimizer)
    {
        foreach (string name in arrays.Names.Where(name => name.Contains(".state.", StringComparison.Ordinal)))
        {
            int dot = name.IndexOf(".state.", StringComparison.Ordinal);
            int parameter = Array.FindIndex(slots, slot => slot.Name == name[..dot]);
            string[] states = OptimizerCases.StateNames(optimizer, name[(dot + ".state.".Length)..]);
            check.Close(name, arrays[name], states.SelectMany(state => StateOf(optimizer, state, parameter)).ToArray());
        }
    }

    private static void CompareEvaluation(Check check, ExpectedArrays arrays, ParameterSlot[] slots, Optimizer optimizer, float[] parameters)
    {
        if (!slots.Any(slot => arrays.Has($"{slot.Name}.eval")))
        {
            return;
        }

        float[] training = [.. parameters];
        var scheduleFree = (ScheduleFreeOptimizer)optimizer;
        scheduleFree.ToEvaluation(parameters);
        foreach (ParameterSlot slot in slots)
        {
            check.Close($"{slot.Name}.eval", arrays[$"{slot.Name}.eval"], Part(parameters, slot));
        }

        scheduleFree.ToTraining(parameters);
        check.Close("back to training", training, parameters);
    }

    private static float[] StateOf(Optimizer optimizer, string name, int parameter)
    {
        OptimizerState state = optimizer.State.FirstOrDefault(state => state.Name == name) ?? throw new MismatchException($"there is no state '{name}'");
        StateRegion region = state.Regions.First(region => region.Parameter == parameter);
        return state.Span(region.Offset, region.Shape.Aggregate(1, (product, extent) => product * extent)).ToArray();
    }

    private static bool IsSkipped(ConformanceCase @case, string parameter, int step)
        => @case.Has("skip") && @case.Root.GetProperty("skip").EnumerateArray().Any(pair => pair[0].GetString() == parameter && pair[1].GetInt32() == step);

    private static float[] Gather(ParameterSlot[] slots, Func<string, float[]?> values)
    {
        float[] flat = new float[slots[^1].Offset + slots[^1].Count];
        foreach (ParameterSlot slot in slots)
        {
            values(slot.Name)?.CopyTo(flat, slot.Offset);
        }

        return flat;
    }

    private static ReadOnlySpan<float> Part(float[] flat, ParameterSlot slot) => flat.AsSpan((int)slot.Offset, (int)slot.Count);
}
