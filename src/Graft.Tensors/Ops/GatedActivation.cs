using Graft.Tensors.Kernels;

namespace Graft.Tensors;

public static unsafe partial class Op
{
    /// <summary><c>y = f(gate) · up</c>, element by element: SwiGLU with <see cref="ActivationKind.Silu"/>, GeGLU with a GELU.</summary>
    /// <remarks>Shazeer 2020, "GLU Variants Improve Transformer". Saves both inputs. Backward: <c>dup = dy f(gate)</c>, <c>dgate = dy up f'(gate)</c>.</remarks>
    /// <param name="tape">The tape.</param>
    /// <param name="gate">[tokens, features].</param>
    /// <param name="up">The same size.</param>
    /// <param name="kind">The function of the gate.</param>
    /// <returns>The same size.</returns>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public static Tensor GatedActivation(Tape tape, Tensor gate, Tensor up, ActivationKind kind)
    {
        using OpProfile.Span span = OpProfile.Measure("gated activation");
        if (gate.Rows != up.Rows || gate.Columns != up.Columns)
        {
            throw new ArgumentException($"the gate is [{gate.Rows}, {gate.Columns}] but what it gates is [{up.Rows}, {up.Columns}]");
        }

        Tensor y = tape.NewTensor(gate.Rows, gate.Columns, gate.Sequences, gate.RequiresGrad || up.RequiresGrad);
        ActivationKernels.GatedForward(kind, gate.Data, up.Data, y.Data, y.Count);
        if (y.RequiresGrad && tape.Recording)
        {
            GatedActivationNode node = tape.Record<GatedActivationNode>(y);
            (node.Gate, node.Up, node.Kind) = (gate, up, kind);
            node.Save(gate);
            if (gate.RequiresGrad)
            {
                node.Save(up);
            }
        }

        return y;
    }

    private sealed class GatedActivationNode : Node
    {
        public Tensor Gate = null!;
        public Tensor Up = null!;
        public ActivationKind Kind;

        public override string Name => "gated activation";

        public override void Backward(Tape tape)
        {
            float* dy = Tape.IncomingGradient(this);
            if (Up.RequiresGrad)
            {
                float* dup = tape.GradientOf(Up, out bool accumulate);
                ActivationKernels.GatedBackwardUp(Kind, Gate.Data, dy, dup, Output.Count, accumulate);
            }

            if (Gate.RequiresGrad)
            {
                bool accumulate = !Tape.TryMoveGradient(Output, Gate);
                ActivationKernels.GatedBackwardGate(Kind, Gate.Data, Up.Data, dy, tape.GradientOf(Gate, out _), Output.Count, accumulate);
            }
        }
    }
}
