using System.Buffers;
using System.Text;

namespace Graft.Training.Data;

/// <summary>One record of a CSV file: its fields and the line on which it begins.</summary>
internal readonly record struct CsvRecord(string[] Fields, int Line);

/// <summary>
/// Splits CSV into records by the rules of the pandas C parser: a quote opens only at the start of a field, is doubled inside, and what
/// follows the closing quote is appended; LF, CRLF and CR end a record; blank lines and lines of spaces are skipped.
/// </summary>
/// <remarks>
/// Written by hand because a general CSV library repairs or refuses exactly these borderline inputs in its own way, accepts a quote that
/// never closes, and counts records where an error must name the line.
/// </remarks>
internal ref struct CsvRecordReader(DataFile file, byte separator)
{
    private readonly DataFile _file = file;
    private readonly ReadOnlySpan<byte> _text = file.Bytes;
    private readonly byte _separator = separator;
    private readonly ArrayBufferWriter<byte> _quoted = new();
    private readonly List<string> _fields = [];
    private int _position;
    private int _line = 1;

    /// <summary>Reads the next record; false at the end of the file.</summary>
    /// <exception cref="InvalidDataException">A quote that never closes, or bytes that are not UTF-8.</exception>
    public bool Read(out CsvRecord record)
    {
        SkipBlankLines();
        record = default;
        if (_position >= _text.Length)
        {
            return false;
        }

        int firstLine = _line;
        _fields.Clear();
        do
        {
            _fields.Add(ReadField());
        }
        while (TakeSeparator());

        TakeLineEnd();
        record = new CsvRecord([.. _fields], firstLine);
        return true;
    }

    private void SkipBlankLines()
    {
        while (_position < _text.Length)
        {
            int end = _position;
            while (end < _text.Length && _text[end] is (byte)' ' or (byte)'\t' && _text[end] != _separator)
            {
                end++;
            }

            if (end < _text.Length && _text[end] is not ((byte)'\n' or (byte)'\r'))
            {
                return;
            }

            _position = end;
            TakeLineEnd();
        }
    }

    private string ReadField()
    {
        if (_position >= _text.Length || _text[_position] != (byte)'"')
        {
            int start = _position;
            SkipPlain();
            return Utf8Text.Decode(_file, start, _position, _line);
        }

        int quote = _position;
        int quoteLine = _line;
        _quoted.ResetWrittenCount();
        ReadQuoted();
        int rest = _position;
        SkipPlain();
        _quoted.Write(_text[rest.._position]);

        // Checked in place first, so that an error names the byte of the file.
        Utf8Text.Check(_file, quote, _position, quoteLine);
        return Encoding.UTF8.GetString(_quoted.WrittenSpan);
    }

    private void ReadQuoted()
    {
        int open = _position;
        int openLine = _line;
        int start = ++_position;
        while (true)
        {
            int length = _text[_position..].IndexOf((byte)'"');
            if (length < 0)
            {
                int column = Utf8Text.CharactersIn(_text[(_text[..open].LastIndexOfAny((byte)'\n', (byte)'\r') + 1)..open]) + 1;
                throw BadData.At(_file.Path, openLine, column, "this quote is never closed; inside quotes, a quote is written twice");
            }

            _position += length;
            bool doubled = _position + 1 < _text.Length && _text[_position + 1] == (byte)'"';
            ReadOnlySpan<byte> part = _text[start..(doubled ? _position + 1 : _position)];
            _quoted.Write(part);
            _line += LinesIn(part);
            _position += doubled ? 2 : 1;
            start = _position;
            if (!doubled)
            {
                return;
            }
        }
    }

    private void SkipPlain()
    {
        int length = _text[_position..].IndexOfAny(_separator, (byte)'\n', (byte)'\r');
        _position = length < 0 ? _text.Length : _position + length;
    }

    private bool TakeSeparator()
    {
        if (_position < _text.Length && _text[_position] == _separator)
        {
            _position++;
            return true;
        }

        return false;
    }

    private void TakeLineEnd()
    {
        if (_position < _text.Length)
        {
            _position += _text[_position..].StartsWith("\r\n"u8) ? 2 : 1;
            _line++;
        }
    }

    private static int LinesIn(ReadOnlySpan<byte> text)
    {
        int lines = 0;
        for (int i = 0; i < text.Length; i++)
        {
            lines += text[i] == (byte)'\n' || (text[i] == (byte)'\r' && !(i + 1 < text.Length && text[i + 1] == (byte)'\n')) ? 1 : 0;
        }

        return lines;
    }
}
