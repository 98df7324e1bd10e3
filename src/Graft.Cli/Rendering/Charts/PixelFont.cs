namespace Graft.Cli.Rendering.Charts;

/// <summary>Figures and the few letters that charts need, five pixels wide and seven high; <c>p</c> hangs two lower.</summary>
internal static class PixelFont
{
    /// <summary>Width of a glyph.</summary>
    public const int GlyphWidth = 5;

    /// <summary>Height of a glyph, with what hangs below the line.</summary>
    public const int GlyphHeight = 9;

    /// <summary>From one glyph to the next.</summary>
    public const int Advance = 6;

    private static readonly Dictionary<char, string[]> Glyphs = new()
    {
        ['0'] = [" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "],
        ['1'] = ["  #  ", " ##  ", "# #  ", "  #  ", "  #  ", "  #  ", "#####"],
        ['2'] = [" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"],
        ['3'] = [" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "],
        ['4'] = ["   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "],
        ['5'] = ["#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "],
        ['6'] = ["  ## ", " #   ", "#    ", "#### ", "#   #", "#   #", " ### "],
        ['7'] = ["#####", "    #", "   # ", "   # ", "  #  ", "  #  ", "  #  "],
        ['8'] = [" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "],
        ['9'] = [" ### ", "#   #", "#   #", " ####", "    #", "   # ", " ##  "],
        ['.'] = ["     ", "     ", "     ", "     ", "     ", "  ## ", "  ## "],
        ['-'] = ["     ", "     ", "     ", " ### ", "     ", "     ", "     "],
        ['k'] = ["#    ", "#    ", "#  # ", "# #  ", "##   ", "# #  ", "#  # "],
        ['M'] = ["#   #", "## ##", "# # #", "# # #", "#   #", "#   #", "#   #"],
        ['a'] = ["     ", "     ", " ### ", "    #", " ####", "#   #", " ####"],
        ['e'] = ["     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "],
        ['i'] = ["  #  ", "     ", " ##  ", "  #  ", "  #  ", "  #  ", " ### "],
        ['l'] = [" ##  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "],
        ['n'] = ["     ", "     ", "#### ", "#   #", "#   #", "#   #", "#   #"],
        ['o'] = ["     ", "     ", " ### ", "#   #", "#   #", "#   #", " ### "],
        ['p'] = ["     ", "     ", "#### ", "#   #", "#   #", "#   #", "#### ", "#    ", "#    "],
        ['r'] = ["     ", "     ", "# ## ", "##  #", "#    ", "#    ", "#    "],
        ['s'] = ["     ", "     ", " ####", "#    ", " ### ", "    #", "#### "],
        ['t'] = [" #   ", " #   ", "#### ", " #   ", " #   ", " #   ", "  ## "],
        ['v'] = ["     ", "     ", "#   #", "#   #", "#   #", " # # ", "  #  "],
    };

    /// <summary>Width of a text in font pixels.</summary>
    public static int WidthOf(string text) => (text.Length * Advance) - (Advance - GlyphWidth);

    /// <summary>Whether a pixel of a character is set.</summary>
    public static bool IsSet(char character, int column, int row) => Glyphs.TryGetValue(character, out string[]? rows) && row < rows.Length && rows[row][column] == '#';
}
