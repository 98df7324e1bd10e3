namespace Graft.Tensors;

/// <summary>Element-wise functions of the field.</summary>
public enum ActivationKind
{
    /// <summary><c>x</c>.</summary>
    Identity,

    /// <summary><c>max(x, 0)</c>.</summary>
    Relu,

    /// <summary><c>x Φ(x) = x/2 (1 + erf(x/√2))</c>: Hendrycks and Gimpel 2016.</summary>
    Gelu,

    /// <summary><c>x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))</c>: the same paper's approximation.</summary>
    GeluTanh,

    /// <summary><c>x σ(1.702 x)</c>.</summary>
    QuickGelu,

    /// <summary><c>x σ(x)</c>, also called swish.</summary>
    Silu,

    /// <summary><c>tanh(x)</c>.</summary>
    Tanh,

    /// <summary><c>σ(x) = 1 / (1 + exp(-x))</c>.</summary>
    Sigmoid,

    /// <summary><c>max(x, 0)²</c>: So et al. 2021, "Primer".</summary>
    Relu2,
}

/// <summary>The names that Hugging Face configurations (<c>hidden_act</c>, <c>activation_function</c>) give to activations.</summary>
public static class ActivationKinds
{
    /// <summary>The activation of that name.</summary>
    /// <param name="name">As in Transformers' <c>ACT2FN</c>.</param>
    /// <exception cref="ArgumentException">The name is not known; the message lists those that are.</exception>
    public static ActivationKind Parse(string name) => name switch
    {
        "linear" => ActivationKind.Identity,
        "relu" => ActivationKind.Relu,
        "gelu" or "gelu_python" => ActivationKind.Gelu,
        "gelu_new" or "gelu_fast" or "gelu_pytorch_tanh" or "gelu_python_tanh" or "gelu_accurate" => ActivationKind.GeluTanh,
        "quick_gelu" => ActivationKind.QuickGelu,
        "silu" or "swish" => ActivationKind.Silu,
        "tanh" => ActivationKind.Tanh,
        "sigmoid" => ActivationKind.Sigmoid,
        "relu2" => ActivationKind.Relu2,
        _ => throw new ArgumentException(
            $"unknown activation \"{name}\"; known are linear, relu, gelu, gelu_python, gelu_new, gelu_fast, gelu_pytorch_tanh, "
            + "gelu_python_tanh, gelu_accurate, quick_gelu, silu, swish, tanh, sigmoid, relu2",
            nameof(name)),
    };
}
