using System.Text.Json;
using Graft.Training.Optimizers;

namespace Graft.Conformance.Runners;

/// <summary><c>gradient-clip</c>: clipping by global norm or by value.</summary>
public sealed class GradientClipRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "gradient-clip";

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        ExpectedArrays arrays = ExpectedArrays.Of(@case);
        string[] names = [.. arrays.Names.Where(name => name.EndsWith(".grad", StringComparison.Ordinal)).Select(name => name[..^".grad".Length])];
        float[] gradients = [.. names.SelectMany(name => arrays[$"{name}.grad"])];
        if (@case.Has("clip_value"))
        {
            GradientClipping.ClipValue(gradients, (float)@case.Root.GetProperty("clip_value").GetDouble());
        }
        else
        {
            JsonElement type = @case.Root.GetProperty("norm_type");
            double normType = type.ValueKind == JsonValueKind.String ? double.PositiveInfinity : type.GetDouble();
            double norm = GradientClipping.ClipNorm(gradients, @case.Root.GetProperty("max_norm").GetDouble(), normType);
            check.Close("total_norm", @case.Root.GetProperty("total_norm").GetDouble(), norm);
        }

        check.Close("clipped", names.SelectMany(name => arrays[$"{name}.clipped"]).ToArray(), gradients);
    }
}
