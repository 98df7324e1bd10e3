using Graft.Models;
using Graft.Tensors;

namespace Graft.Peft;

/// <summary>A language model with adapters: some of them active, their outputs added up in order.</summary>
/// <remarks>The model's code knows nothing of it: adapters plug into the slots of its layers. Not safe for use from several threads at once.</remarks>
public sealed partial class PeftModel : IDisposable
{
    private readonly bool _ownsModel;
    private readonly List<Adapter> _adapters = [];
    private readonly Dictionary<WeightSlot, DType> _storedAs = [];
    private List<Adapter> _active = [];
    private int _disabled;

    /// <summary>Wraps a model.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="ownsModel">Whether <see cref="Dispose"/> disposes of it.</param>
    public PeftModel(LanguageModel model, bool ownsModel = true)
    {
        ArgumentNullException.ThrowIfNull(model);
        Base = model;
        _ownsModel = ownsModel;
        foreach ((_, WeightSlot slot) in model.NamedWeights())
        {
            _storedAs[slot] = slot.Original.DType;
        }
    }

    /// <summary>The base model: run it to run the active adapters too.</summary>
    public LanguageModel Base { get; }

    /// <summary>Names of all adapters, in the order in which they came.</summary>
    public IReadOnlyList<string> AdapterNames => [.. _adapters.Select(adapter => adapter.Name)];

    /// <summary>Names of the active adapters, in the order in which they act.</summary>
    public IReadOnlyList<string> ActiveAdapters => [.. _active.Select(adapter => adapter.Name)];

    /// <summary>Loads a Hugging Face model folder, without adapters.</summary>
    /// <param name="modelFolder">The folder.</param>
    public static PeftModel Load(string modelFolder) => new(LanguageModel.Load(modelFolder));

    /// <summary>The config of an adapter, with everything filled in that the model decided.</summary>
    /// <param name="name">The adapter.</param>
    public AdapterConfig ConfigOf(string name) => Find(name).Config;

    /// <summary>Adds a new adapter; the first one becomes active.</summary>
    /// <param name="config">Which method, where, how big.</param>
    /// <param name="name">Its name.</param>
    /// <param name="seed">Its first values are a function of the seed and the modules' paths.</param>
    /// <param name="autocastAdapterDType">Whether its values are fp32 even on a bf16 or fp16 base.</param>
    /// <exception cref="ArgumentException">The config does not fit the model, or the name is taken.</exception>
    /// <exception cref="NotSupportedException">The config asks for a variant that Graft does not do; the message names it.</exception>
    public void AddAdapter(AdapterConfig config, string name = "default", ulong seed = 42, bool autocastAdapterDType = true)
    {
        CheckNew(config, name);
        Adapter adapter = AdapterBuilder.Build(config, new AdapterContext(Base, name, seed, autocastAdapterDType));
        adapter.IsTrainable = !config.InferenceMode;
        Attach(adapter);
    }

    /// <summary>Chooses the active adapters; none to switch all off.</summary>
    /// <param name="names">Their names, in the order in which they act.</param>
    /// <exception cref="ArgumentException">No such adapter.</exception>
    public void SetAdapter(params string[] names)
    {
        ArgumentNullException.ThrowIfNull(names);
        List<Adapter> chosen = [.. names.Distinct(StringComparer.Ordinal).Select(Find)];
        UnmergeAdapter();
        Switch(() => _active = chosen);
    }

    /// <summary>Multiplies the effect of an adapter.</summary>
    /// <param name="name">The adapter.</param>
    /// <param name="scale">1 for its own scaling.</param>
    /// <exception cref="InvalidOperationException">Adapters are merged.</exception>
    public void SetScale(string name, float scale)
    {
        Adapter adapter = Find(name);
        RequireNotMerged("scale an adapter");
        Switch(() => adapter.Scale = scale);
    }

    /// <summary>Switches all adapters off, merged ones too, until the result is disposed of: the base model's own output.</summary>
    /// <remarks>Biases of the base model that an adapter trained stay, as in PEFT.</remarks>
    public IDisposable DisableAdapters()
    {
        Switch(() => _disabled++);
        return new Enabler(this);
    }

    /// <summary>Removes an adapter. When it was the only active one, the first that remains becomes active.</summary>
    /// <param name="name">The adapter.</param>
    public void DeleteAdapter(string name)
    {
        Adapter adapter = Find(name);
        RequireNotMerged("delete an adapter");
        Switch(() =>
        {
            _adapters.Remove(adapter);
            if (_active.Remove(adapter) && _active.Count == 0)
            {
                _active.AddRange(_adapters.Take(1));
            }

            foreach (AdapterPart part in adapter.Parts.Reverse())
            {
                part.Detach();
            }
        });
    }

    /// <summary>What is trained: the tensors of the active adapters that are not frozen, or, without any adapter, every weight of the model once.</summary>
    /// <returns>In the order of the model.</returns>
    public IReadOnlyList<TrainableParameter> TrainableParameters()
        => _adapters.Count > 0
            ? [.. _active.SelectMany(adapter => adapter.Trained).Where(parameter => !parameter.IsTransposed)
                .Select(parameter => new TrainableParameter(parameter.LiveName, parameter.ModuleType, parameter.Parameter) { Key = parameter.Key })]
            : [.. BaseParameters()];

    /// <summary>Numbers of trained and of all parameters, counted as PEFT counts: a copy of a saved module counts besides the original.</summary>
    public (long Trainable, long All) CountParameters()
    {
        long weights = Base.DistinctWeights().Sum(weight => CountedByPeft(weight.Slot.Original));
        return _adapters.Count == 0
            ? (weights, weights)
            : (_active.SelectMany(adapter => adapter.Trained).Sum(parameter => parameter.Parameter.Count),
               weights + _adapters.SelectMany(adapter => adapter.Parameters).Where(parameter => !parameter.IsBaseWeight).Sum(parameter => parameter.Parameter.Count));
    }

    /// <summary>PEFT counts two elements for each byte of 4-bit codes, and no scales.</summary>
    private static long CountedByPeft(Parameter weight) => weight.Quantized is FourBitMatrix matrix ? 2 * matrix.PackedLength : weight.Count;

    /// <summary>The line that PEFT's <c>print_trainable_parameters()</c> prints.</summary>
    public string PrintTrainableParameters()
    {
        (long trainable, long all) = CountParameters();
        return FormattableString.Invariant($"trainable params: {trainable:N0} || all params: {all:N0} || trainable%: {100.0 * trainable / all:F4}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsModel)
        {
            Base.Dispose();
        }
    }

    private IEnumerable<TrainableParameter> BaseParameters()
    {
        var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
        foreach (Module module in Base.NamedModules())
        {
            foreach (WeightSlot slot in module.Weights.Where(slot => seen.Add(slot.Original)))
            {
                string name = module.Name.Length == 0 ? slot.Name : $"{module.Name}.{slot.Name}";
                yield return new TrainableParameter(name, ModuleTypes.Of(module), slot.Original);
            }
        }
    }

    private void Attach(Adapter adapter)
    {
        Switch(() =>
        {
            foreach (AdapterPart part in adapter.Parts)
            {
                part.Attach();
            }

            _adapters.Add(adapter);
            if (_adapters.Count == 1)
            {
                _active = [adapter];
            }
        });
    }

    /// <summary>Unplugs everything, changes something, and plugs in again what acts then.</summary>
    private void Switch(Action change)
    {
        _active.ForEach(adapter => adapter.Deactivate());
        _merged?.Restore();
        try
        {
            change();
        }
        finally
        {
            if (_disabled == 0 && _merged is not null)
            {
                _merged.Reapply();
            }
            else if (_disabled == 0)
            {
                _active.ForEach(adapter => adapter.Activate());
            }
        }
    }

    private void CheckNew(AdapterConfig config, string name)
    {
        ArgumentNullException.ThrowIfNull(config);
        RequireNotMerged("add an adapter");
        if (string.IsNullOrWhiteSpace(name) || name.AsSpan().ContainsAny('.', '/', '\\'))
        {
            throw new ArgumentException($"'{name}' cannot be an adapter's name: it becomes part of tensor names and the name of a folder, so it must not be empty or contain dots or slashes");
        }

        if (_adapters.Any(adapter => adapter.Name == name))
        {
            throw new ArgumentException($"there is an adapter '{name}' already; delete it first or choose another name");
        }

        if (_adapters.FirstOrDefault(adapter => adapter.Config.PeftType != config.PeftType) is { } other)
        {
            throw new ArgumentException($"adapters with different peft types cannot be combined: '{other.Name}' is {other.Config.PeftType}, '{name}' is {config.PeftType}");
        }

        if (BiasOf(config) != "none" && _adapters.FirstOrDefault(adapter => BiasOf(adapter.Config) != "none") is { } trained)
        {
            throw new ArgumentException($"only one adapter can train biases of the base model, and '{trained.Name}' does: set bias to none");
        }
    }

    private static string BiasOf(AdapterConfig config) => config is LoraConfig lora ? lora.Bias : "none";

    private Adapter Find(string name)
        => _adapters.FirstOrDefault(adapter => adapter.Name == name)
            ?? throw new ArgumentException(
                _adapters.Count == 0 ? $"there is no adapter '{name}': the model has none" : $"there is no adapter '{name}'{NearestName.Suggestion(name, AdapterNames)}; there are {string.Join(", ", AdapterNames)}");

    private sealed class Enabler(PeftModel model) : IDisposable
    {
        private bool _isDone;

        public void Dispose()
        {
            if (!_isDone)
            {
                _isDone = true;
                model.Switch(() => model._disabled--);
            }
        }
    }
}
