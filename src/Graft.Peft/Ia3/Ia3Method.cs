using System.Text.RegularExpressions;
using Graft.Models;

namespace Graft.Peft;

/// <summary>(IA)³: a learned vector scales the output of attention layers and the input of feed-forward ones.</summary>
public sealed class Ia3Method : AdapterMethod
{
    /// <inheritdoc/>
    public override string PeftType => "IA3";

    /// <inheritdoc/>
    public override AdapterConfig ReadConfig(ConfigReader reader) => new Ia3Config(reader);

    /// <inheritdoc/>
    public override AdapterConfig Resolve(AdapterConfig config, LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var given = (Ia3Config)config;
        var ia3 = (Ia3Config)TargetNames.Resolve(model, given, UsualTargets.Ia3, shorten: false);
        if (given.FeedforwardModules is null)
        {
            // PEFT fills this in whether the targets are given or not.
            ia3 = ia3 with
            {
                FeedforwardModules = UsualTargets.Ia3.TryGetValue(model.Config.ModelType, out string[]? usual)
                    ? [usual[^1]]
                    : throw new ArgumentException($"feedforward_modules is needed: none are usual for a {model.Config.ModelType} model; [] says that there are none"),
            };
        }

        return ia3 with { FanInFanOut = TargetNames.FanInFanOut(ia3.FanInFanOut, new TargetResolver(model, ia3).Resolve()) };
    }

    /// <inheritdoc/>
    public override IReadOnlyList<AdapterPart> CreateParts(AdapterConfig config, AdapterContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var ia3 = (Ia3Config)config;
        Regex? feedforward = ia3.FeedforwardModules is { Text: { } text } ? NamePattern.FullMatch(text, "feedforward_modules") : null;
        bool IsFeedforward(string name) => feedforward is not null
            ? NamePattern.Matches(feedforward, name)
            : ia3.FeedforwardModules is { } names && names.Any(entry => name.EndsWith(entry, StringComparison.Ordinal));
        return
        [
            .. new TargetResolver(context.Model, ia3).Resolve().Select(target => target is Linear linear
                ? new Ia3Part(linear, ia3, context, IsFeedforward(linear.Name))
                : throw new ArgumentException(
                    $"target_modules: {target.Name} is a {target.GetType().Name}, which (IA)³ cannot scale; it scales linear layers only: {TargetResolver.LayerNames(context.Model)}")),
        ];
    }

    /// <inheritdoc/>
    internal override Adapter Combine(IReadOnlyList<Adapter> sources, WeightedCombination options, AdapterContext context)
    {
        Adapter result = AdapterBuilder.Build(Combined(sources), context);
        foreach (Ia3Part part in result.Parts.OfType<Ia3Part>())
        {
            float[] sum = new float[part.Vector.Count];
            for (int i = 0; i < sources.Count; i++)
            {
                if (sources[i].Parts.OfType<Ia3Part>().FirstOrDefault(other => other.ModuleName == part.ModuleName) is not { } source)
                {
                    continue;
                }

                float[] values = source.Vector.ToArray();
                for (int j = 0; j < sum.Length; j++)
                {
                    sum[j] += (float)options.Weights[i] * values[j];
                }
            }

            StoredValues.Write(part.Vector, 0, sum);
        }

        return result;
    }

    private static Ia3Config Combined(IReadOnlyList<Adapter> sources)
    {
        Ia3Config[] configs = [.. sources.Select(source => (Ia3Config)source.Config)];
        if (configs.Any(config => config.ModulesToSave is { Count: > 0 }))
        {
            throw new NotSupportedException("adapters with modules_to_save cannot be combined into one");
        }

        return configs[0] with
        {
            TargetModules = ModuleSelection.Union([.. configs.Select(config => config.TargetModules)], "target_modules"),
            FeedforwardModules = ModuleSelection.Union([.. configs.Select(config => config.FeedforwardModules)], "feedforward_modules"),
        };
    }
}
