namespace Graft.Tensors.Tests;

public sealed class BFloat16Tests
{
    [Fact]
    public void Many_are_rounded_like_one()
    {
        uint[] special =
        [
            0, 0x80000000, 1, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7F800001, 0xFFC00000, 0x7FFFFFFF,
            0x3F808000, 0x3F818000, 0x3F807FFF, 0x3F808001, 0x007FFFFF, 0x00008000,
        ];
        foreach (int count in new[] { 0, 1, 7, 8, 9, 31, 1000 })
        {
            var values = new float[count];
            for (int i = 0; i < count; i++)
            {
                values[i] = BitConverter.UInt32BitsToSingle(i < special.Length ? special[(i + count) % special.Length] : CounterRandom.Next(3, 0, (ulong)i).A);
            }

            var rounded = new ushort[count + 1];
            rounded[count] = 0xABCD;
            BFloat16.FromSingles(values, rounded);
            Assert.Equal(values.Select(BFloat16.FromSingle), rounded[..count]);
            Assert.Equal(0xABCD, rounded[count]);
        }
    }
}
