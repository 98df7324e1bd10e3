using Graft.Tensors.Memory;

namespace Graft.Tensors.Tests;

public unsafe class StepArenaTests
{
    [Fact]
    public void Ranges_are_aligned_never_overlap_and_merge_when_they_are_freed()
    {
        using var arena = new StepArena();
        var random = new Random(1);
        var held = new List<(nint Data, long Count)>();
        for (int i = 0; i < 3000; i++)
        {
            if (held.Count > 0 && random.Next(5) < 2)
            {
                int index = random.Next(held.Count);
                (nint data, long count) = held[index];
                AssertHolds(data, count);
                arena.Free((float*)data, count);
                held.RemoveAt(index);
            }
            else
            {
                long count = random.Next(0, 4000);
                float* data = arena.Allocate(count);
                Assert.Equal(0, (nint)data % 64);
                new Span<float>(data, (int)count).Fill((nint)data);
                held.Add(((nint)data, count));
            }
        }

        foreach ((nint data, long count) in held)
        {
            AssertHolds(data, count);
            arena.Free((float*)data, count);
        }

        Assert.Equal(0, arena.BytesInUse);
        long reserved = arena.ReservedBytes;
        Assert.True(arena.Allocate(reserved / sizeof(float)) != null);
        Assert.Equal(reserved, arena.ReservedBytes);
    }

    [Fact]
    public void Peak_and_reset()
    {
        using var arena = new StepArena();
        float* a = arena.Allocate(16);
        arena.Allocate(17);
        Assert.Equal(64 + 128, arena.BytesInUse);
        arena.Free(a, 16);
        Assert.Equal(128, arena.BytesInUse);
        Assert.Equal(64 + 128, arena.PeakBytes);
        arena.ResetPeak();
        Assert.Equal(128, arena.PeakBytes);
        arena.Reset();
        Assert.Equal(0, arena.BytesInUse);
        Assert.True(arena.Allocate(16) == a);
    }

    [Fact]
    public void More_than_a_slab_fits_too()
    {
        using var arena = new StepArena();
        arena.Allocate(16);
        float* large = arena.Allocate(30_000_000);
        large[29_999_999] = 1;
        Assert.True(arena.ReservedBytes >= 120_000_000);
        Assert.Equal(120_000_064, arena.BytesInUse);
        Assert.Equal(120_000_064, arena.TouchedBytes);
    }

    [Fact]
    public void An_address_from_elsewhere_is_refused()
    {
        using var arena = new StepArena();
        arena.Allocate(1);
        float other = 0;
        nint address = (nint)(&other);
        Assert.Throws<InvalidOperationException>(() => arena.Free((float*)address, 1));
    }

    [Fact]
    public void Holes_are_filled_before_new_memory_is_touched()
    {
        using var arena = new StepArena();
        float* first = arena.Allocate(1600);
        arena.Allocate(16);
        arena.Free(first, 1600);
        Assert.True(arena.Allocate(800) == first);
        Assert.True(arena.Allocate(800) == first + 800);
        Assert.Equal(6400 + 64, arena.TouchedBytes);
        arena.Reset();
        Assert.Equal(6400 + 64, arena.TouchedBytes);
    }

    [Fact]
    public void A_range_moves_into_a_hole_before_it()
    {
        using var arena = new StepArena();
        float* first = arena.Allocate(100);
        float* second = arena.Allocate(32);
        new Span<float>(second, 32).Fill(7);
        Assert.True(arena.MoveDown(second, 32) == second);
        arena.Free(first, 100);
        Assert.True(arena.MoveDown(second, 32) == first);
        Assert.True(new Span<float>(first, 32).IndexOfAnyExcept(7f) < 0);
        Assert.Equal(128, arena.BytesInUse);
        Assert.True(arena.Allocate(100) == first + 32);
    }

    private static void AssertHolds(nint data, long count)
    {
        Span<float> span = new((void*)data, (int)count);
        Assert.True(span.IndexOfAnyExcept((float)data) < 0);
    }
}
