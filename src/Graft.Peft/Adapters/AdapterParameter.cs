using Graft.Tensors;

namespace Graft.Peft;

/// <summary>A tensor of an adapter: what it is called in the file, what PEFT calls it while it lives, and its values.</summary>
/// <param name="Key">Name in adapter_model.safetensors: without the adapter's name.</param>
/// <param name="LiveName">Name in PEFT's <c>named_parameters()</c>: with the adapter's name.</param>
/// <param name="ModuleType">Class of the module that owns it, as torch names it.</param>
/// <param name="Parameter">The values.</param>
public sealed record AdapterParameter(string Key, string LiveName, string ModuleType, Parameter Parameter)
{
    /// <summary>Further keys that hold the same tensor: the head of a tied model. The last one in the file wins.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Whether it is trained; false for what is saved but frozen.</summary>
    public bool Trains { get; init; } = true;

    /// <summary>Whether it is a weight that the base model has too (a bias, an embedding), so that it adds nothing to the count of parameters.</summary>
    public bool IsBaseWeight { get; init; }

    /// <summary>Whether the file holds the transpose of <see cref="Parameter"/>, which another entry names too: the head's factors of a tied embedding.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>Dimensions in the file.</summary>
    public IReadOnlyList<int> Shape => IsTransposed ? [Parameter.Shape[1], Parameter.Shape[0]] : Parameter.Shape;

    /// <summary>What comes before the path of the base model's module in every key.</summary>
    internal const string Prefix = "base_model.model.";

    /// <summary>A tensor of an adapter's own submodule: <c>MODULE.lora_A.weight</c>, live <c>MODULE.lora_A.default.weight</c>.</summary>
    /// <param name="module">Path of the base model's module.</param>
    /// <param name="part">The submodule: <c>lora_A</c>.</param>
    /// <param name="suffix">The tensor in it: <c>weight</c>; empty when the part is the tensor.</param>
    /// <param name="adapter">Name of the adapter.</param>
    /// <param name="moduleType">Class of the submodule.</param>
    /// <param name="parameter">The values.</param>
    internal static AdapterParameter Of(string module, string part, string suffix, string adapter, string moduleType, Parameter parameter)
    {
        AdapterParameter result = Named(module, part, suffix, adapter, moduleType, parameter);
        parameter.Name = result.LiveName;
        return result;
    }

    /// <summary>A tensor that another module uses transposed: <paramref name="parameter"/> keeps the name that it has there.</summary>
    /// <param name="module">Path of the base model's module.</param>
    /// <param name="part">The submodule.</param>
    /// <param name="adapter">Name of the adapter.</param>
    /// <param name="parameter">The values, transposed.</param>
    internal static AdapterParameter OfTransposed(string module, string part, string adapter, Parameter parameter)
        => Named(module, part, "weight", adapter, "Linear", parameter) with { IsTransposed = true };

    /// <summary>DoRA's magnitudes: a module while they live, a bare tensor in the file.</summary>
    /// <param name="module">Path of the base model's module.</param>
    /// <param name="adapter">Name of the adapter.</param>
    /// <param name="moduleType">Class of the module that holds them.</param>
    /// <param name="parameter">The values.</param>
    internal static AdapterParameter OfMagnitude(string module, string adapter, string moduleType, Parameter parameter)
        => Of(module, "lora_magnitude_vector", "weight", adapter, moduleType, parameter) with { Key = $"{Prefix}{module}.lora_magnitude_vector" };

    private static AdapterParameter Named(string module, string part, string suffix, string adapter, string moduleType, Parameter parameter)
    {
        string ending = suffix.Length == 0 ? string.Empty : $".{suffix}";
        return new AdapterParameter($"{Prefix}{module}.{part}{ending}", $"{Prefix}{module}.{part}.{adapter}{ending}", moduleType, parameter);
    }
}
