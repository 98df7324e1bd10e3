using Graft.Cli.Configuration;
using Graft.Generation;
using Graft.Training.Data;

namespace Graft.Cli.Quickstart;

/// <summary>Asks base model and adapter for the tags of unseen maxims, and scores both.</summary>
internal sealed class MaximTest
{
    private const int LongestAnswer = 24;

    private MaximTest(IReadOnlyList<Maxim> maxims, double baseF1, double adapterF1)
    {
        Maxims = maxims;
        BaseF1 = baseF1;
        AdapterF1 = adapterF1;
    }

    /// <summary>All maxims that were asked.</summary>
    public IReadOnlyList<Maxim> Maxims { get; }

    /// <summary>Tag F1 of the base model.</summary>
    public double BaseF1 { get; }

    /// <summary>Tag F1 of the adapter.</summary>
    public double AdapterF1 { get; }

    /// <summary>Asks, greedily, in one batch for each of the two.</summary>
    /// <param name="run">The run, trained.</param>
    /// <param name="files">Files with the unseen maxims.</param>
    /// <param name="cancellationToken">Stops between tokens.</param>
    public static MaximTest Run(PreparedRun run, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        DataSet data = DataSet.Load(files);
        SampleTemplate template = run.Configuration.ToTemplate(data.Columns)!;
        string[] prompts = [.. data.Rows.Select(row => template.Render(row)).Select(rendered => rendered.Text[..rendered.CompletionStart!.Value])];
        using var generator = new TextGenerator(run.Model, run.Tokenizer, new GenerationConfig { MaxNewTokens = LongestAnswer, DoSample = false, StopStrings = ["\n"] });
        IReadOnlyList<GeneratedText> adapter = generator.Generate(prompts, cancellationToken: cancellationToken);
        IReadOnlyList<GeneratedText> plain;
        using (run.Model.DisableAdapters())
        {
            plain = generator.Generate(prompts, cancellationToken: cancellationToken);
        }

        var (baseScore, adapterScore) = (new TagScore(), new TagScore());
        var maxims = new List<Maxim>();
        for (int i = 0; i < data.Rows.Count; i++)
        {
            var maxim = new Maxim((string)data.Rows[i]["quote"]!, Tags(data.Rows[i]), plain[i].Text.Trim(), adapter[i].Text.Trim());
            baseScore.Add(maxim.Tags, maxim.Base);
            adapterScore.Add(maxim.Tags, maxim.Adapter);
            maxims.Add(maxim);
        }

        return new MaximTest(maxims, baseScore.F1, adapterScore.F1);
    }

    private static string[] Tags(Row row) => [.. ((IEnumerable<object?>)row["tags"]!).Select(tag => (string)tag!)];
}
