namespace Graft.PublicApi.Readmes;

/// <summary>Examples run one after the other: the current folder belongs to the process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ReadmeCollection
{
    public const string Name = "readmes";
}
