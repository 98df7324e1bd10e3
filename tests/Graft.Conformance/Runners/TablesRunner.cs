using System.Text.Json;
using Graft.Formats;
using Graft.Tensors.Kernels;

namespace Graft.Conformance.Runners;

/// <summary><c>quantize-tables</c>: what codes stand for.</summary>
public sealed class TablesRunner : ICaseRunner
{
    /// <inheritdoc/>
    public string Kind => "quantize-tables";

    /// <summary>The 256 values of a map by the name that cases give it.</summary>
    public static float[] Map(string name) => name switch
    {
        "dynamic" => CodeTables.Dynamic(),
        "dynamic-unsigned" => CodeTables.Dynamic(signed: false),
        "dynamic-5-exponent-bits" => CodeTables.Dynamic(maxExponentBits: 5),
        "dynamic-4-bits" => CodeTables.Dynamic(maxExponentBits: 3, totalBits: 4),
        "linear" => CodeTables.Linear(),
        "linear-unsigned" => CodeTables.Linear(signed: false),
        "linear-no-zero" => CodeTables.Linear(addZero: false),
        "fp8-e5m2" => CodeTables.Float8(),
        "fp8-e4m3" => CodeTables.Float8(exponentBits: 4, precisionBits: 3),
        "fp4-from-fp8" => CodeTables.Float8(exponentBits: 2, precisionBits: 1, totalBits: 4),
        "normal" => CodeTables.Normal(),
        _ => throw new NotYetException($"map '{name}'"),
    };

    /// <inheritdoc/>
    public void Run(ConformanceCase @case, Check check)
    {
        using SafetensorsFile file = SafetensorsFile.Open(@case.PathOf("tensors"));
        foreach (JsonElement item in @case.Root.GetProperty("tables").EnumerateArray())
        {
            string name = item.GetString()!;
            float[] actual = name switch
            {
                "nf4" => CodeTables.NormalFloat4.ToArray(),
                "fp4" => CodeTables.Float4.ToArray(),
                "af4" => CodeTables.AbnormalFloat4.ToArray(),
                _ => Map(name["map.".Length..]),
            };
            check.Close(name, CaseTensors.Singles(file, name), actual);
        }
    }
}
