namespace Graft.Peft;

/// <summary>All methods. A new one is a folder beside the others and a line here.</summary>
public static class AdapterMethods
{
    // What PEFT 0.21 knows besides, so that an adapter of another method is told apart from a typing error.
    private static readonly string[] NotYet =
    [
        "ADALORA", "ADAMSS", "ADAPTION_PROMPT", "BEFT", "BOFT", "C3A", "CARTRIDGE", "CPT", "DEFT", "DELORA", "FOURIERFT", "FROD", "GLORA", "GRALORA", "HIRA", "HRA", "LILY",
        "LN_TUNING", "LOHA", "LOKR", "MISS", "MULTITASK_PROMPT_TUNING", "OFT", "OSF", "PEANUT", "POLY", "PREFIX_TUNING", "PROMPT_TUNING", "PSOFT", "PVERA", "P_TUNING",
        "RANDLORA", "ROAD", "SHADOW", "SHIRA", "SUPERTUNING", "TINYLORA", "TRAINABLE_TOKENS", "UNILORA", "VBLORA", "VERA", "WAVEFT", "XLORA",
    ];

    /// <summary>The methods.</summary>
    public static IReadOnlyList<AdapterMethod> All { get; } =
    [
        new Ia3Method(),
        new LoraMethod(),
    ];

    /// <summary>The method called <paramref name="peftType"/>.</summary>
    /// <param name="peftType">The value of <c>peft_type</c>.</param>
    /// <exception cref="NotSupportedException">A method of PEFT that Graft does not do yet.</exception>
    /// <exception cref="ArgumentException">No such method.</exception>
    public static AdapterMethod Of(string peftType)
        => All.FirstOrDefault(method => method.PeftType == peftType)
            ?? (NotYet.Contains(peftType)
                ? throw new NotSupportedException($"peft_type '{peftType}' is not supported yet; supported are {Known()}")
                : throw new ArgumentException($"peft_type '{peftType}' is unknown{NearestName.Suggestion(peftType, NotYet.Concat(All.Select(method => method.PeftType)))}; supported are {Known()}"));

    internal static string Known() => string.Join(", ", All.Select(method => method.PeftType));
}
