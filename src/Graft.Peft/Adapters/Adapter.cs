using Graft.Tensors;

namespace Graft.Peft;

/// <summary>One adapter of a model: its config and its parts, in model order.</summary>
internal sealed class Adapter
{
    public Adapter(string name, AdapterConfig config, IReadOnlyList<AdapterPart> parts)
    {
        Name = name;
        Config = config;
        Parts = parts;
    }

    public string Name { get; }

    public AdapterConfig Config { get; }

    public IReadOnlyList<AdapterPart> Parts { get; }

    /// <summary>Whether it is trained while active.</summary>
    public bool IsTrainable { get; set; }

    /// <summary>Multiplies its effect.</summary>
    public float Scale { get; set; } = 1;

    public IEnumerable<AdapterParameter> Parameters => Parts.SelectMany(part => part.Parameters);

    /// <summary>Those that are trained while it is active.</summary>
    public IEnumerable<AdapterParameter> Trained => IsTrainable ? Parameters.Where(parameter => parameter.Trains) : [];

    public void Activate()
    {
        foreach (AdapterPart part in Parts)
        {
            part.Activate(Scale);
        }

        SetRequiresGrad(IsTrainable);
    }

    public void Deactivate()
    {
        foreach (AdapterPart part in Parts)
        {
            part.Deactivate();
        }

        SetRequiresGrad(false);
    }

    private void SetRequiresGrad(bool value)
    {
        foreach (AdapterParameter parameter in Parameters)
        {
            parameter.Parameter.RequiresGrad = value && parameter.Trains;
        }
    }
}
