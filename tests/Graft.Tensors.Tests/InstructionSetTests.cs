using Graft.Tensors.Assembly;
using Graft.Tensors.Kernels;

namespace Graft.Tensors.Tests;

public class InstructionSetTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_word_it_is_the_best(string? name) => Assert.Equal(InstructionSet.Best, InstructionSet.Parse(name));

    [Theory]
    [InlineData("scalar", Isa.Scalar)]
    [InlineData("Vector128", Isa.Vector128)]
    public void A_word_chooses_one(string name, Isa expected) => Assert.Equal(expected, InstructionSet.Parse(name));

    [Theory]
    [InlineData("nonsense")]
    [InlineData("2")]
    [InlineData("scalar,avx2")]
    public void Any_other_word_is_an_error_that_lists_them(string name)
    {
        string message = Assert.Throws<ArgumentException>(() => InstructionSet.Parse(name)).Message;
        Assert.StartsWith($"GRAFT_ISA={name}: known are scalar, vector128, avx2, avx512 and amx", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Amx_is_the_widest_vectors_with_tile_registers_where_the_processor_has_them()
    {
        if (CpuFeatures.Current.AmxBFloat16 || CpuFeatures.Current.AmxInt8)
        {
            Assert.Equal(Isa.Avx512, InstructionSet.Parse("amx"));
            return;
        }

        string message = Assert.Throws<ArgumentException>(() => InstructionSet.Parse("Amx")).Message;
        Assert.Equal($"GRAFT_ISA=Amx: this CPU has no AMX, or the system hides it; unset it to use the best that is here, {InstructionSet.Best}", message);
    }

    [Fact]
    public void Tile_registers_are_for_the_widest_vectors_only()
    {
        InstructionSet.AllowsAmx = true;
        try
        {
            Assert.Equal(InstructionSet.Current == Isa.Avx512, InstructionSet.AllowsAmx);
            InstructionSet.Current = Isa.Scalar;
            Assert.False(InstructionSet.AllowsAmx);
        }
        finally
        {
            InstructionSet.AllowsAmx = false;
            InstructionSet.Current = InstructionSet.Best;
        }
    }

    [SkippableFact]
    public void More_than_the_processor_has_is_an_error()
    {
        Skip.If(InstructionSet.Best == Isa.Avx512, "this CPU has all of them");
        Assert.Contains($"this CPU's best is {InstructionSet.Best}", Assert.Throws<ArgumentException>(() => InstructionSet.Parse("avx512")).Message, StringComparison.Ordinal);
    }
}
