using System.Runtime.CompilerServices;
using Graft.Tensors;

namespace Graft.Models;

/// <summary>A linear layer: torch's <c>nn.Linear</c> or GPT-2's <c>Conv1D</c>, with a slot for adapters.</summary>
public sealed class Linear : Module
{
    private readonly List<LinearPlug> _plugs = [];

    /// <summary>Takes <c>weight</c> and, if there is one, <c>bias</c> from <paramref name="weights"/>.</summary>
    /// <param name="weights">Where the weights come from.</param>
    /// <param name="name">Full path of the module.</param>
    /// <param name="inFeatures">Features of the input.</param>
    /// <param name="outFeatures">Features of the output.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="layout">How the family stores the weight in a Hugging Face folder.</param>
    public Linear(WeightSource weights, string name, int inFeatures, int outFeatures, bool bias, LinearLayout layout = LinearLayout.OutIn)
        : this(
            name,
            weights.Take(
                $"{name}.weight", WeightRole.Matrix, weights.LayoutOf($"{name}.weight", layout) == LinearLayout.OutIn ? [outFeatures, inFeatures] : [inFeatures, outFeatures]),
            bias ? weights.Take($"{name}.bias", WeightRole.Bias, [outFeatures]) : null,
            weights.LayoutOf($"{name}.weight", layout))
        => CheckpointLayout = layout;

    /// <summary>Wraps weights that are there already, such as a tied head.</summary>
    /// <param name="name">Full path of the module.</param>
    /// <param name="weight">[out, in] or [in, out].</param>
    /// <param name="bias">[out] or null.</param>
    /// <param name="layout">How the weight is stored.</param>
    public Linear(string name, Parameter weight, Parameter? bias, LinearLayout layout = LinearLayout.OutIn)
        : base(name)
    {
        Layout = layout;
        CheckpointLayout = layout;
        Weight = AddWeight("weight", weight);
        Bias = AddWeight("bias", bias);
        (int rows, int columns) = (weight.Shape[0], weight.Shape[1]);
        (InFeatures, OutFeatures) = layout == LinearLayout.OutIn ? (columns, rows) : (rows, columns);
    }

    /// <summary>How the weight is stored.</summary>
    public LinearLayout Layout { get; private set; }

    /// <summary>How it is stored in a Hugging Face folder, unless it is quantised there.</summary>
    public LinearLayout CheckpointLayout { get; }

    /// <summary>Features of the input.</summary>
    public int InFeatures { get; }

    /// <summary>Features of the output.</summary>
    public int OutFeatures { get; }

    /// <summary>The weight.</summary>
    public WeightSlot Weight { get; }

    /// <summary>The bias, or null.</summary>
    public WeightSlot? Bias { get; }

    /// <summary>The adapters, in the order in which they act.</summary>
    public IList<LinearPlug> Plugs => _plugs;

    /// <summary>Runs two layers and their adapters on the same input.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="first">A layer.</param>
    /// <param name="second">Another.</param>
    /// <returns>What <see cref="Forward(ForwardContext, Tensor)"/> of each returns.</returns>
    public static (Tensor First, Tensor Second) Forward(ForwardContext context, Tensor x, Linear first, Linear second)
    {
        if (!first.RunsTogether(context) || !second.RunsTogether(context))
        {
            return (first.Forward(context, x), second.Forward(context, x));
        }

        TensorTriple outputs = default;
        Op.LinearTogether(context.Tape, x, [first.Parameters, second.Parameters], outputs);
        return (outputs[0], outputs[1]);
    }

    /// <summary>Runs three layers and their adapters on the same input.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, in].</param>
    /// <param name="first">A layer.</param>
    /// <param name="second">Another.</param>
    /// <param name="third">A third one.</param>
    /// <returns>What <see cref="Forward(ForwardContext, Tensor)"/> of each returns.</returns>
    public static (Tensor First, Tensor Second, Tensor Third) Forward(ForwardContext context, Tensor x, Linear first, Linear second, Linear third)
    {
        if (!first.RunsTogether(context) || !second.RunsTogether(context) || !third.RunsTogether(context))
        {
            return (first.Forward(context, x), second.Forward(context, x), third.Forward(context, x));
        }

        TensorTriple outputs = default;
        Op.LinearTogether(context.Tape, x, [first.Parameters, second.Parameters, third.Parameters], outputs);
        return (outputs[0], outputs[1], outputs[2]);
    }

    /// <summary>Puts another form of the weight in place of the one that the layer was made with.</summary>
    /// <param name="weight">The same values in another storage.</param>
    /// <param name="layout">How it is stored.</param>
    internal void Replace(Parameter weight, LinearLayout layout)
    {
        Weight.Original = weight;
        Layout = layout;
    }

    /// <summary>Runs the layer and its adapters.</summary>
    /// <param name="context">The forward pass.</param>
    /// <param name="x">[tokens, in].</param>
    /// <returns>[tokens, out].</returns>
    public Tensor Forward(ForwardContext context, Tensor x)
    {
        foreach (LinearPlug plug in _plugs)
        {
            x = plug.TransformInput(context, x);
        }

        Tensor y = Weight.Current.Quantized is null
            ? Op.Linear(context.Tape, x, Weight.Current, Bias?.Current, Layout)
            : Op.QuantizedLinear(context.Tape, x, Weight.Current, Bias?.Current, context.Training);
        foreach (LinearPlug plug in _plugs)
        {
            y = plug.TransformOutput(context, x, y);
        }

        return y;
    }

    private (Parameter Weight, Parameter? Bias) Parameters => (Weight.Current, Bias?.Current);

    /// <summary>Whether nothing but the product and the bias is to do, and the kernel for several products takes it.</summary>
    private bool RunsTogether(ForwardContext context) => _plugs.Count == 0 && Layout == LinearLayout.OutIn && Op.RunsTogether(context.Tape, Weight.Current);

    [InlineArray(3)]
    private struct TensorTriple
    {
        private Tensor _first;
    }
}
