using FsCheck;
using FsCheck.Fluent;

namespace Graft.Training.Tests.Checkpoints;

public sealed class CheckpointFoldersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_complete_checkpoints_are_listed_by_number()
    {
        foreach (string name in new[] { "checkpoint-10", "checkpoint-9", "checkpoint-100", "checkpoint-7.incomplete", "checkpoint-6.removed", "checkpoint-x", "other-3" })
        {
            Make(name);
        }

        Directory.CreateDirectory(_folder.Of("checkpoint-8"));

        Assert.Equal([9, 10, 100], CheckpointFolders.List(_folder.Path).Select(checkpoint => checkpoint.Step));
        Assert.Empty(CheckpointFolders.List(_folder.Of("nowhere")));
    }

    [Fact]
    public void Leftovers_of_a_killed_run_go()
    {
        Make("checkpoint-3");
        Make("checkpoint-7.incomplete");
        Make("checkpoint-6.removed");

        CheckpointFolders.RemoveLeftovers(_folder.Path);

        Assert.Equal(["checkpoint-3"], Names());
    }

    [Theory]
    [InlineData(2, null, "3 4")]
    [InlineData(2, 1, "1 4")]
    [InlineData(2, 4, "3 4")]
    [InlineData(1, 2, "2 4")]
    [InlineData(1, 4, "4")]
    [InlineData(3, 1, "1 3 4")]
    [InlineData(9, 1, "1 2 3 4")]
    public void The_newest_and_the_best_stay(int limit, int? best, string left)
    {
        foreach (int step in new[] { 1, 2, 3, 4 })
        {
            Make($"checkpoint-{step}");
        }

        CheckpointFolders.Rotate(_folder.Path, limit, best is null ? null : Path.Combine("elsewhere", $"checkpoint-{best}"), newest: 4);

        Assert.Equal(left.Split(' ').Select(step => $"checkpoint-{step}"), Names());
    }

    [Fact]
    public void Checkpoints_from_before_a_resume_further_back_are_the_oldest()
    {
        foreach (int step in new[] { 2, 3, 8, 9 })
        {
            Make($"checkpoint-{step}");
        }

        CheckpointFolders.Rotate(_folder.Path, limit: 2, best: null, newest: 3);

        Assert.Equal(["checkpoint-2", "checkpoint-3"], Names());
    }

    [Fact]
    public void Rotation_never_takes_the_newest_or_the_best()
    {
        var cases = from count in Gen.Choose(1, 8)
                    from limit in Gen.Choose(1, 9)
                    from best in Gen.Choose(0, 8)
                    select (count, limit, best);
        Prop.ForAll(cases.ToArbitrary(), run =>
        {
            foreach (string name in Names())
            {
                Directory.Delete(_folder.Of(name), recursive: true);
            }

            for (int step = 1; step <= run.count; step++)
            {
                Make($"checkpoint-{step}");
            }

            bool hasBest = run.best > 0 && run.best <= run.count;
            CheckpointFolders.Rotate(_folder.Path, run.limit, run.best == 0 ? null : $"checkpoint-{run.best}", run.count);
            string[] left = Names();

            Assert.Contains($"checkpoint-{run.count}", left);
            Assert.True(!hasBest || left.Contains($"checkpoint-{run.best}"));
            int expected = Math.Min(run.count, hasBest && run.best != run.count ? Math.Max(2, run.limit) : run.limit);
            Assert.Equal(expected, left.Length);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private void Make(string name)
    {
        Directory.CreateDirectory(_folder.Of(name));
        File.WriteAllText(_folder.Of(name, TrainerState.FileName), "{}");
    }

    private string[] Names() => [.. Directory.GetDirectories(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
}
