using System.Globalization;
using Iced.Intel;

namespace Graft.Tensors.Assembly;

/// <summary>Turns what an assembler holds into bytes, and bytes into text.</summary>
internal static class MachineCode
{
    /// <summary>The bytes of position-independent code.</summary>
    public static byte[] Bytes(Assembler assembler)
    {
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), rip: 0);
        return stream.ToArray();
    }

    /// <summary>One line an instruction: offset, bytes, mnemonic and operands.</summary>
    /// <param name="code">The bytes.</param>
    /// <param name="notes">Lines to put before some instructions, by their number, ascending.</param>
    public static string Listing(byte[] code, IReadOnlyList<(int Instruction, string Text)> notes)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        var formatter = new NasmFormatter();
        formatter.Options.FirstOperandCharIndex = 12;
        var line = new StringOutput();
        var text = new System.Text.StringBuilder();
        int note = 0;
        for (int number = 0; decoder.IP < (ulong)code.Length; number++)
        {
            for (; note < notes.Count && notes[note].Instruction == number; note++)
            {
                text.Append(CultureInfo.InvariantCulture, $"; {notes[note].Text}\n");
            }

            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, line);
            string hex = Convert.ToHexStringLower(code, (int)instruction.IP, instruction.Length);
            text.Append(CultureInfo.InvariantCulture, $"{instruction.IP:x4}  {hex,-22}  {line.ToStringAndReset()}\n");
        }

        return text.ToString();
    }
}
