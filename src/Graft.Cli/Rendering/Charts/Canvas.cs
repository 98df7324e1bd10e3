namespace Graft.Cli.Rendering.Charts;

/// <summary>A picture to draw on: smooth lines, dots, and text in <see cref="PixelFont"/>.</summary>
internal sealed class Canvas
{
    private readonly byte[] _pixels;
    private readonly float[] _cover;

    /// <summary>A picture of one colour.</summary>
    public Canvas(int width, int height, Rgb paper)
    {
        Width = width;
        Height = height;
        _pixels = new byte[width * height * 3];
        _cover = new float[width * height];
        for (int i = 0; i < _pixels.Length; i += 3)
        {
            (_pixels[i], _pixels[i + 1], _pixels[i + 2]) = (paper.R, paper.G, paper.B);
        }
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Red, green and blue of every pixel, row by row.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>Draws a line through points, without heavier spots where its parts overlap.</summary>
    public void Line(IReadOnlyList<(double X, double Y)> points, double width, Rgb color, double opacity = 1)
    {
        Array.Clear(_cover);
        for (int i = 1; i < points.Count; i++)
        {
            Cover(points[i - 1], points[i], width / 2);
        }

        Blend(color, opacity);
    }

    /// <summary>Draws a dot.</summary>
    public void Dot((double X, double Y) center, double radius, Rgb color)
    {
        Array.Clear(_cover);
        Cover(center, center, radius);
        Blend(color, 1);
    }

    /// <summary>Writes text whose pixels are squares of <paramref name="scale"/> pixels.</summary>
    /// <param name="text">Characters of <see cref="PixelFont"/>; others are left blank.</param>
    /// <param name="left">Left edge.</param>
    /// <param name="top">Top edge.</param>
    /// <param name="scale">Pixels of a font pixel.</param>
    /// <param name="color">The colour.</param>
    public void Text(string text, int left, int top, int scale, Rgb color)
    {
        foreach (char character in text)
        {
            for (int row = 0; row < PixelFont.GlyphHeight * scale; row++)
            {
                for (int column = 0; column < PixelFont.GlyphWidth * scale; column++)
                {
                    if (PixelFont.IsSet(character, column / scale, row / scale))
                    {
                        Set(left + column, top + row, color);
                    }
                }
            }

            left += PixelFont.Advance * scale;
        }
    }

    /// <summary>Notes how far each pixel is covered by a stroke: 1 inside, falling to 0 over one pixel at the edge.</summary>
    private void Cover((double X, double Y) from, (double X, double Y) to, double radius)
    {
        double reach = radius + 1;
        (double dx, double dy) = (to.X - from.X, to.Y - from.Y);
        double lengthSquared = (dx * dx) + (dy * dy);
        (int left, int right) = (Clamp(Math.Min(from.X, to.X) - reach, Width), Clamp(Math.Max(from.X, to.X) + reach, Width));
        (int top, int bottom) = (Clamp(Math.Min(from.Y, to.Y) - reach, Height), Clamp(Math.Max(from.Y, to.Y) + reach, Height));
        for (int y = top; y <= bottom; y++)
        {
            for (int x = left; x <= right; x++)
            {
                (double px, double py) = (x + 0.5 - from.X, y + 0.5 - from.Y);
                double along = lengthSquared == 0 ? 0 : Math.Clamp(((px * dx) + (py * dy)) / lengthSquared, 0, 1);
                double distance = Math.Sqrt(Math.Pow(px - (along * dx), 2) + Math.Pow(py - (along * dy), 2));
                float cover = (float)Math.Clamp(radius + 0.5 - distance, 0, 1);
                int index = (y * Width) + x;
                _cover[index] = Math.Max(_cover[index], cover);
            }
        }
    }

    private void Blend(Rgb color, double opacity)
    {
        for (int i = 0; i < _cover.Length; i++)
        {
            if (_cover[i] > 0)
            {
                double alpha = _cover[i] * opacity;
                _pixels[3 * i] = Mix(_pixels[3 * i], color.R, alpha);
                _pixels[(3 * i) + 1] = Mix(_pixels[(3 * i) + 1], color.G, alpha);
                _pixels[(3 * i) + 2] = Mix(_pixels[(3 * i) + 2], color.B, alpha);
            }
        }
    }

    private void Set(int x, int y, Rgb color)
    {
        if ((uint)x < (uint)Width && (uint)y < (uint)Height)
        {
            int i = ((y * Width) + x) * 3;
            (_pixels[i], _pixels[i + 1], _pixels[i + 2]) = (color.R, color.G, color.B);
        }
    }

    private static byte Mix(byte below, byte above, double alpha) => (byte)Math.Round(below + ((above - below) * alpha));

    private static int Clamp(double value, int size) => (int)Math.Clamp(value, 0, size - 1);
}
