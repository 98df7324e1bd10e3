namespace Graft.Models.Tests.Streaming;

/// <summary>In which order stages are asked for and let go.</summary>
public sealed class WeightStreamingTests
{
    private const int StageBytes = 100;

    [Fact]
    public void What_has_room_is_read_once_and_stays()
    {
        var run = new Run(stages: 4, room: 400);
        Assert.Equal("+0 +1 | +2 | +3 |  |  |  | ", run.Step());
        Assert.Equal(" |  |  |  |  |  | ", run.Step());
        Assert.False(run.Streaming.IsBeyondMemory);
    }

    [Fact]
    public void Training_reads_the_next_stage_before_each_and_keeps_those_that_the_way_back_needs_soonest()
    {
        // Visits: 0 1 2 3 4(head) | 3 2 1 0.
        var run = new Run(stages: 5, room: 300);
        Assert.Equal("+0 +1 | +2 | -0 +3 | -1 +4 |  | -4 +1 | -3 +0 |  | ", run.Step());
        Assert.True(run.Streaming.IsBeyondMemory);

        // From then on each pass reads what it did not find: two stages on the way there, two on the way back.
        // The disk is asked while the pass goes over what stayed at the turn.
        const string Steady = " | -0 +3 | -1 +4 |  |  | -4 +1 | -3 +0 |  | ";
        Assert.Equal(Steady, run.Step());
        Assert.Equal(Steady, run.Step());
    }

    [Theory]
    [InlineData(6, 2)]
    [InlineData(6, 3)]
    [InlineData(13, 5)]
    [InlineData(31, 10)]
    [InlineData(31, 30)]
    public void Passes_read_no_more_than_they_have_to(int stages, int room)
    {
        var training = new Run(stages, room * StageBytes);
        var decoding = new Run(stages, room * StageBytes);
        for (int i = 0; i < 3; i++)
        {
            training.Step();
            decoding.Token();
        }

        training.Pages.Take();
        decoding.Pages.Take();
        training.Step();
        decoding.Token();

        // What stays over a turn need not be read; of a room of r, one stage is in use and one on its way.
        Assert.InRange(training.Pages.Events.Count(e => e[0] == '+'), 2 * (stages - room), 2 * (stages - room + 1));
        Assert.InRange(decoding.Pages.Events.Count(e => e[0] == '+'), stages - room, stages - room + 2);
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(9, 250)]
    [InlineData(9, 600)]
    public void Each_stage_and_the_next_are_asked_for_before_it_runs_and_no_more_is_held_than_there_is_room_for(int stages, long room)
    {
        var run = new Run(stages, room);
        for (int step = 0; step < 3; step++)
        {
            foreach ((int stage, bool isBackward, int? next) in run.Visits())
            {
                run.Streaming.Enter(stage, isBackward);
                Assert.Contains(stage, run.Pages.Resident);
                Assert.True(next is not { } known || run.Pages.Resident.Contains(known));
                Assert.InRange(run.Pages.Resident.Count * StageBytes, 0, Math.Max(room, 2 * StageBytes));
            }
        }
    }

    [Fact]
    public void A_pass_over_a_part_of_the_stages_asks_for_no_others()
    {
        // An encoder of stages 0 and 1 that runs once; a decoder of 2 and 3 and a head that go round.
        var run = new Run(stages: 5, room: 300);
        foreach (int stage in new[] { 0, 1, 2, 3, 4, 2, 3, 4 })
        {
            run.Streaming.Enter(stage, isBackward: false);
        }

        run.Pages.Take();
        foreach (int stage in new[] { 2, 3, 4, 2, 3, 4 })
        {
            run.Streaming.Enter(stage, isBackward: false);
        }

        Assert.Equal(string.Empty, run.Pages.Take());
        Assert.Equal([2, 3, 4], run.Pages.Resident);
    }

    private sealed class Run
    {
        private readonly int _stages;

        public Run(int stages, long room)
        {
            _stages = stages;
            Pages = new RecordedPages(room);
            Streaming = new WeightStreaming([.. Enumerable.Range(0, stages).Select(i => new WeightStage($"h.{i}", i, [new WeightRange(i * StageBytes, StageBytes)]))], Pages);
        }

        public RecordedPages Pages { get; }

        public WeightStreaming Streaming { get; }

        /// <summary>The visits of a training step: forward to the head, the last stage, which has no backward pass of its own, and back.</summary>
        public IEnumerable<(int Stage, bool IsBackward, int? Next)> Visits()
        {
            for (int i = 0; i < _stages; i++)
            {
                yield return (i, false, i + 1 < _stages ? i + 1 : i - 1);
            }

            for (int i = _stages - 2; i >= 0; i--)
            {
                yield return (i, true, i > 0 ? i - 1 : null);
            }
        }

        /// <summary>A training step; what happened at each visit, between bars.</summary>
        public string Step() => string.Join(" | ", Visits().Select(visit =>
        {
            int before = Pages.Events.Count;
            Streaming.Enter(visit.Stage, visit.IsBackward);
            return string.Join(' ', Pages.Events.Skip(before));
        }));

        /// <summary>A pass without a way back.</summary>
        public void Token()
        {
            for (int i = 0; i < _stages; i++)
            {
                Streaming.Enter(i, isBackward: false);
            }
        }
    }
}
