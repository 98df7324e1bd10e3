using Graft.Cli.CommandLine;
using Graft.Cli.Configuration;
using Graft.Cli.Rendering.Charts;
using Graft.Formats;
using Graft.Training;

namespace Graft.Cli.Rendering;

/// <summary>The loss curve of a run: in the terminal, and as <c>loss.svg</c> and <c>loss.png</c> beside trainer_state.json.</summary>
internal static class LossFiles
{
    private const int PlotRows = 10;
    private const int WidestPlot = 80;

    /// <summary>Draws it; does nothing for a run of a single log row.</summary>
    public static void Write(Output output, TrainerState state, string folder)
    {
        LossCurve curve = LossCurve.Of(state.LogHistory);
        if (curve.IsEmpty)
        {
            return;
        }

        var chart = new LossChart(curve);
        AtomicFile.WriteAllText(Path.Combine(folder, OutputFolder.LossDrawing), SvgChart.Draw(chart));
        AtomicFile.WriteAllBytes(Path.Combine(folder, OutputFolder.LossPicture), PngChart.Draw(chart));
        foreach (string line in BrailleChart.Draw(curve, Math.Min(WidestPlot, output.Results.Profile.Width), PlotRows))
        {
            output.Line(line);
        }
    }
}
