"""Writes the unrolled microkernels of Graft.Tensors/Kernels/Gemm.

RyuJIT keeps a tile of accumulators in registers only when each has a name of its own (an indexed array of vectors goes
through memory and is six to eight times slower), so the text is generated. Run from anywhere; the output is checked in:

    python3 build/generate-microkernels.py
"""

import pathlib

TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/Graft.Tensors/Kernels/Gemm"

# name, vector type, lanes, rows of the largest tile, vectors in a full panel, fused multiply-add, C# using, whether rows of A
# may be apart, remark
SETS = [
    ("Avx512", "Vector512", 16, 14, 2, "Avx512F.FusedMultiplyAdd", "System.Runtime.Intrinsics.X86", False,
     "28 accumulators, 2 vectors of B and 1 broadcast of A: 31 of 32 registers"),
    ("Avx2", "Vector256", 8, 6, 2, "Fma.MultiplyAdd", "System.Runtime.Intrinsics.X86", True,
     "12 accumulators, 2 vectors of B and 1 broadcast of A: 15 of 16 registers"),
    ("Vector128", "Vector128", 4, 8, 2, "Vector128.FusedMultiplyAdd", None, True,
     "16 accumulators, 2 vectors of B and the broadcasts of A: fits the 32 registers of NEON"),
]

# How far ahead a packing tile asks for the rows of B, which are too far apart for the hardware to foresee.
ROWS_OF_B_AHEAD = 12

# Rows of A that one pointer serves: at it, and at one and two steps in an index register.
ROWS_A_POINTER = 3


def element_of_a(row, strided):
    if not strided:
        return f"a[{row}]"
    pointer = row // ROWS_A_POINTER * ROWS_A_POINTER
    name = f"a{pointer}" if pointer else "a"
    return f"{name}[{['0', 'aRow', 'aRow2'][row % ROWS_A_POINTER]}]"


def kernel(vector, lanes, rows, vectors, fma, strided, packing):
    """A tile. A packing one reads B where it is stored, and leaves it as a panel for the tiles that follow."""
    out = []
    tile = [(i, j) for i in range(rows) for j in range(vectors)]
    pointers = list(range(ROWS_A_POINTER, rows, ROWS_A_POINTER)) if strided else []
    out.append("    [MethodImpl(MethodImplOptions.AggressiveOptimization)]")
    a_of = "float* a, nint aRow, nint aStep" if strided else "float* a, nint aStep"
    b_of = "byte* source, nint sourceStep, float* b, nint bStep" if packing else "float* b, nint bStep"
    name = f"Packing{rows}x{vectors}<TSource>" if packing else f"Tile{rows}x{vectors}"
    walk = "" if packing else ", in PrefetchWalk walk"
    out.append(f"    private static void {name}(nint depth, {a_of}, {b_of}, float* c, nint ldc, bool accumulate{walk})")
    if packing:
        out.append("        where TSource : struct, IVectorSource")
    out.append("    {")
    for i, j in tile:
        out.append(f"        {vector}<float> c{i}_{j} = {vector}<float>.Zero;")
    out.append("        float* touched = c;")
    for i in range(rows):
        for line in range((vectors * lanes + 15) // 16):
            offset = f" + {line * 16}" if line else ""
            out.append(f"        CacheLine.ToFirstLevel(touched{offset});")
        if i + 1 < rows:
            out.append("        touched += ldc;")
    out.append("")
    if strided and not packing:
        out.append("        float* last = touched;")
    if strided and rows > 2:
        out.append("        nint aRow2 = 2 * aRow;")
    for pointer in pointers:
        out.append(f"        float* a{pointer} = a + ({pointer} * aRow);")
    if packing:
        out.append(f"        nint ahead = {ROWS_OF_B_AHEAD} * sourceStep;")
        out.append("        for (; depth > 0; depth--)")
        out.append("        {")
    else:
        out.append("        byte* next = walk.Address;")
        out.append("        nint step = walk.Step, jump = walk.Jump;")
        out.append("        while (depth > 0)")
        out.append("        {")
        out.append("            nint count = depth < PrefetchWalk.Segment ? depth : PrefetchWalk.Segment;")
        out.append("            depth -= count;")
        if strided:
            # Rows of C may share a set of the first-level cache, and be pushed out of it before they are needed: ask again, in turn.
            out.append("            CacheLine.ToFirstLevel(touched);")
            out.append("            touched = touched == c ? last : touched - ldc;")
        out.append("            do")
        out.append("            {")
    loop = len(out)
    for j in range(vectors):
        offset = f" + {j * lanes}" if j else ""
        if packing:
            out.append(f"                {vector}<float> b{j} = TSource.Load{lanes * 32}(source, {j * lanes});")
            out.append(f"                b{j}.Store(b{offset});")
        else:
            out.append(f"                {vector}<float> b{j} = {vector}.Load(b{offset});")
    for i in range(rows):
        out.append(f"                {vector}<float> x{i} = {vector}.Create({element_of_a(i, strided)});")
        for j in range(vectors):
            out.append(f"                c{i}_{j} = {fma}(x{i}, b{j}, c{i}_{j});")
    if packing:
        out.append("                CacheLine.ToFirstLevel(source + ahead);")
        out.append("                source += sourceStep;")
    else:
        out.append("                CacheLine.ToSecondLevel(next);")
        out.append("                next += step;")
    out.append("                a += aStep;")
    for pointer in pointers:
        out.append(f"                a{pointer} += aStep;")
    out.append("                b += bStep;")
    if packing:
        out[loop:] = [line[4:] for line in out[loop:]]
    else:
        out.append("            }")
        out.append("            while (--count > 0);")
        out.append("")
        out.append("            next += jump;")
    out.append("        }")
    out.append("")
    out.append("        if (accumulate)")
    out.append("        {")
    out.append("            float* s = c;")
    for i in range(rows):
        for j in range(vectors):
            offset = f" + {j * lanes}" if j else ""
            out.append(f"            c{i}_{j} = {vector}.Load(s{offset}) + c{i}_{j};")
        if i + 1 < rows:
            out.append("            s += ldc;")
    out.append("        }")
    out.append("")
    for i in range(rows):
        for j in range(vectors):
            offset = f" + {j * lanes}" if j else ""
            out.append(f"        c{i}_{j}.Store(c{offset});")
        if i + 1 < rows:
            out.append("        c += ldc;")
    out.append("    }")
    return out


def file(name, vector, lanes, max_rows, max_vectors, fma, using, strided, remark):
    a_of = "a, aRow, aStep" if strided else "a, aStep"
    out = [
        "// <auto-generated>",
        "// Written by build/generate-microkernels.py; change that and run it again.",
        "// </auto-generated>",
        "#nullable enable",
        "",
        "using System.Diagnostics;",
        "using System.Runtime.CompilerServices;",
        "using System.Runtime.Intrinsics;",
    ]
    if using:
        out.append(f"using {using};")
    out += [
        "",
        "namespace Graft.Tensors.Kernels;",
        "",
        f"/// <summary>Tiles of up to {max_rows} rows by {max_vectors} vectors of {lanes} lanes: {remark}.</summary>",
        f"internal unsafe struct Microkernel{name} : IMicrokernel",
        "{",
        "    /// <inheritdoc/>",
        f"    public static int Lanes => {lanes};",
        "",
        "    /// <inheritdoc/>",
        f"    public static int MaxRows => {max_rows};",
        "",
        "    /// <inheritdoc/>",
        f"    public static int MaxVectors => {max_vectors};",
        "",
        "    /// <inheritdoc/>",
        f"    public static int PackedRows => {(max_rows + lanes - 1) // lanes * lanes};",
        "",
        "    /// <inheritdoc/>",
        f"    public static bool ReadsRows => {str(strided).lower()};",
        "",
        "    /// <inheritdoc/>",
        "    public static void Run(int rows, int vectors, nint depth, float* a, nint aRow, nint aStep, float* b, nint bStep, "
        "float* c, nint ldc, bool accumulate, in PrefetchWalk walk)",
        "    {",
        f"        switch ((rows * {max_vectors}) + vectors - {max_vectors + 1})",
        "        {",
    ]
    for rows in range(1, max_rows + 1):
        for vectors in range(1, max_vectors + 1):
            out.append(f"            case {rows * max_vectors + vectors - max_vectors - 1}: "
                       f"Tile{rows}x{vectors}(depth, {a_of}, b, bStep, c, ldc, accumulate, walk); break;")
    out += [
        "            default: throw new UnreachableException();",
        "        }",
        "    }",
        "",
        "    /// <inheritdoc/>",
        "    public static void RunPacking<TSource>(int rows, nint depth, float* a, nint aRow, nint aStep, byte* source, nint sourceStep, "
        "float* b, nint bStep, float* c, nint ldc, bool accumulate)",
        "        where TSource : struct, IVectorSource",
        "    {",
        "        switch (rows)",
        "        {",
    ]
    for rows in range(1, max_rows + 1):
        out.append(f"            case {rows}: Packing{rows}x{max_vectors}<TSource>(depth, {a_of}, source, sourceStep, b, bStep, c, ldc, accumulate); break;")
    out += [
        "            default: throw new UnreachableException();",
        "        }",
        "    }",
    ]
    for rows in range(1, max_rows + 1):
        for vectors in range(1, max_vectors + 1):
            out.append("")
            out += kernel(vector, lanes, rows, vectors, fma, strided, packing=False)
    for rows in range(1, max_rows + 1):
        out.append("")
        out += kernel(vector, lanes, rows, max_vectors, fma, strided, packing=True)
    out.append("}")
    (TARGET / f"Microkernel.{name}.g.cs").write_text("\n".join(out) + "\n", encoding="utf-8", newline="\n")


def load(lanes, part, pointer):
    if lanes == 8:
        return f"TSource.{'SecondHalf' if part else 'FirstHalf'}({pointer}, index)"
    offset = f" + {part * lanes}" if part else ""
    return f"TSource.Load{lanes * 32}({pointer}, index{offset})"


def dot(vector, lanes, rows, columns, fma):
    """Rows of A against rows of B: 16 partial sums for each pair, term p in sum p mod 16."""
    parts = 16 // lanes
    # Whatever the tile, B is walked four rows at a time.
    ahead = 4
    out = [
        "    [MethodImpl(MethodImplOptions.AggressiveOptimization)]",
        f"    private static void Dot{rows}x{columns}<TSource>(float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* aTail, float* bTail, float* c, nint ldc, bool accumulate)",
        "        where TSource : struct, IVectorSource",
        "    {",
    ]
    triples = [(i, r, q) for i in range(rows) for r in range(columns) for q in range(parts)]
    for i, r, q in triples:
        out.append(f"        {vector}<float> s{i}_{r}_{q} = {vector}<float>.Zero;")
    for i in range(1, rows):
        out.append(f"        float* a{i} = a + ({i} * lda);")
    for r in range(1, columns):
        out.append(f"        byte* b{r} = b + ({r} * rowBytes);")
    out.append(f"        nint ahead = {ahead} * rowBytes;")
    out.append("        byte* next = b + ahead;")
    out.append("        bool isShort = rowBytes <= CacheLine.ShortRowBytes;")
    out.append("        nint index = 0;")
    out.append("        for (; chunks > 0; chunks--, index += 16)")
    out.append("        {")
    out.append("            if (isShort)")
    out.append("            {")
    for line in range(columns):
        # A chunk of a 16-bit row is half a line, of a 32-bit row a whole one.
        hint = f"CacheLine.ToSecondLevel(next{f' + {64 * line}' if line else ''});"
        if line < max(1, columns // 2):
            out.append(f"                {hint}")
        elif line == columns // 2:
            out.append("                if (TSource.ElementBytes > 2)")
            out.append("                {")
        if line >= max(1, columns // 2):
            out.append(f"                    {hint}")
        if line >= max(1, columns // 2) and line == columns - 1:
            out.append("                }")
            out.append("")
    out.append(f"                next += {16 * columns} * TSource.ElementBytes;")
    out.append("            }")
    out.append("            else")
    out.append("            {")
    for r in range(columns):
        name = f"b{r}" if r else "b"
        out.append(f"                CacheLine.ToSecondLevel({name} + ahead + (index * TSource.ElementBytes));")
    out.append("            }")
    out.append("")
    for q in range(parts):
        offset = f" + {q * lanes}" if q else ""
        for i in range(rows):
            name = f"a{i}" if i else "a"
            out.append(f"            {vector}<float> x{i}_{q} = {vector}.Load({name} + index{offset});")
        for r in range(columns):
            name = f"b{r}" if r else "b"
            out.append(f"            {vector}<float> y{r}_{q} = {load(lanes, q, name)};")
            for i in range(rows):
                out.append(f"            s{i}_{r}_{q} = {fma}(x{i}_{q}, y{r}_{q}, s{i}_{r}_{q});")
    out.append("        }")
    out.append("")
    out.append("        if (bTail != null)")
    out.append("        {")
    for q in range(parts):
        for i in range(rows):
            out.append(f"            {vector}<float> x{i}_{q} = {vector}.Load(aTail + {i * 16 + q * lanes});")
        for r in range(columns):
            out.append(f"            {vector}<float> y{r}_{q} = {vector}.Load(bTail + {r * 16 + q * lanes});")
            for i in range(rows):
                out.append(f"            s{i}_{r}_{q} = {fma}(x{i}_{q}, y{r}_{q}, s{i}_{r}_{q});")
    out.append("        }")
    out.append("")
    quarter = "Quarter<TSource>" if lanes == 8 else "Quarter"
    sums = [f"{quarter}({', '.join(f's{i}_{r}_{q}' for q in range(parts))})" for i in range(rows) for r in range(columns)]
    if columns == 4:
        for i in range(rows):
            out.append(f"        Put(Fold({', '.join(sums[4 * i:4 * i + 4])}), c{f' + ({i} * ldc)' if i else ''}, accumulate);")
    elif rows == 4 and columns == 1:
        out.append(f"        Vector128<float> sums = Fold({', '.join(sums)});")
        for i in range(rows):
            out.append(f"        Put(sums[{i}], c{f' + ({i} * ldc)' if i else ''}, accumulate);")
    else:
        for i in range(rows):
            for r in range(columns):
                out.append(f"        Put(Fold({sums[i * columns + r]}), c + ({i} * ldc) + {r}, accumulate);")
    out.append("    }")
    return out


def batch_tile(vector, lanes, batch, rows, fma):
    """Four rows of A against a few rows of B over a stretch of k that is in cache; partial sums come from memory and go back there."""
    parts = 16 // lanes
    out = [
        "    /// <inheritdoc/>",
        "    [MethodImpl(MethodImplOptions.AggressiveOptimization)]",
        "    public static byte* AddProducts<TSource>(float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* sums, byte* next, nint spacing)",
        "        where TSource : struct, IVectorSource",
        "    {",
    ]
    for i in range(1, batch):
        out.append(f"        float* a{i} = a + ({i} * lda);")
    for r in range(1, rows):
        out.append(f"        byte* b{r} = b + ({r} * rowBytes);")
    out.append("        nint end = chunks * 16;")
    pairs = [(i, r) for r in range(rows) for i in range(batch)]
    for q in range(parts):
        offset = f" + {q * lanes}" if q else ""
        for i, r in pairs:
            at = (r * batch + i) * 16 + q * lanes
            declare = "" if q else f"{vector}<float> "
            out.append(f"        {declare}s{i}_{r} = {vector}.Load(sums + {at});")
        def chunk(base):
            at = " + 16" if base else ""
            for r in range(rows):
                name = f"b{r}" if r else "b"
                out.append(f"            {vector}<float> y{r}{'n' if base else ''} = {load(lanes, q, name).replace('index', 'index' + at)};")
            for i in range(batch):
                name = f"a{i}" if i else "a"
                suffix = f" + {base + q * lanes}" if base + q * lanes else ""
                out.append(f"            {vector}<float> x{i}{'n' if base else ''} = {vector}.Load({name} + index{suffix});")
                for r in range(rows):
                    out.append(f"            s{i}_{r} = {fma}(x{i}{'n' if base else ''}, y{r}{'n' if base else ''}, s{i}_{r});")

        out.append(f"        {'nint ' if q == 0 else ''}index = 0;")
        out.append("        for (; index + 16 < end; index += 32)")
        out.append("        {")
        # Thirty-two elements of a row are a line if they have 16 bits, and two if 32: what one tile reads of B in all parts, spread over them evenly.
        lines = -(-rows // parts), -(-2 * rows // parts)
        for line in range(lines[0]):
            out.append(f"            CacheLine.ToSecondLevel(next{f' + ({line} * spacing)' if line else ''});")
        out.append("            if (TSource.ElementBytes > 2)")
        out.append("            {")
        for line in range(lines[0], lines[1]):
            out.append(f"                CacheLine.ToSecondLevel(next + ({line} * spacing));")
        out.append(f"                next += {lines[1] - lines[0]} * spacing;")
        out.append("            }")
        out.append("")
        out.append(f"            next += {lines[0]} * spacing;")
        chunk(0)
        chunk(16)
        out.append("        }")
        out.append("")
        out.append("        if (index < end)")
        out.append("        {")
        chunk(0)
        out.append("        }")
        out.append("")
        for i, r in pairs:
            out.append(f"        s{i}_{r}.Store(sums + {(r * batch + i) * 16 + q * lanes});")
        out.append("")
    out.append("        return next;")
    quarter = "Quarter<TSource>" if lanes == 8 else "Quarter"
    loads = [", ".join(f"{vector}.Load(sums + {i * 16 + q * lanes})" for q in range(parts)) for i in range(batch)]
    out += [
        "    }",
        "",
        "    /// <inheritdoc/>",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        "    public static Vector128<float> Totals<TSource>(float* sums)",
        "        where TSource : struct, IVectorSource",
        f"        => Fold({', '.join(f'{quarter}({one})' for one in loads)});",
    ]
    return out


def fold(vector, lanes):
    parts = 16 // lanes
    out = [
        "    /// <summary>Sixteen partial sums to four: the upper half onto the lower, and again.</summary>",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        f"    private static Vector128<float> Quarter{'<TSource>' if lanes == 8 else ''}({', '.join(f'{vector}<float> s{q}' for q in range(parts))})",
    ]
    if lanes == 8:
        out.append("        where TSource : struct, IVectorSource")
    out.append("    {")
    if lanes == 16:
        out.append("        Vector256<float> half = s0.GetLower() + s0.GetUpper();")
    elif lanes == 8:
        out += [
            "        if (EvenOdd.Splits<TSource>())",
            "        {",
            "            Vector256<float> lower = Avx.UnpackLow(s0, s1);",
            "            Vector256<float> upper = Avx.UnpackHigh(s0, s1);",
            "            return (lower.GetLower() + lower.GetUpper()) + (upper.GetLower() + upper.GetUpper());",
            "        }",
            "",
            "        Vector256<float> half = s0 + s1;",
        ]
    if lanes >= 8:
        out.append("        return half.GetLower() + half.GetUpper();")
    else:
        out.append("        return (s0 + s2) + (s1 + s3);")
    out += [
        "    }",
        "",
        "    /// <summary>Four partial sums to one.</summary>",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        "    private static float Fold(Vector128<float> s) => (s[0] + s[2]) + (s[1] + s[3]);",
        "",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        "    private static void Put(float sum, float* c, bool accumulate) => *c = accumulate ? *c + sum : sum;",
        "",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        "    private static void Put(Vector128<float> sums, float* c, bool accumulate) => (accumulate ? Vector128.Load(c) + sums : sums).Store(c);",
        "",
        "    /// <summary>Four partial sums of four results each to one, in the same order.</summary>",
        "    [MethodImpl(MethodImplOptions.AggressiveInlining)]",
        "    private static Vector128<float> Fold(Vector128<float> s0, Vector128<float> s1, Vector128<float> s2, Vector128<float> s3)",
        "    {",
        "        // [s0[0], s1[0], s0[1], s1[1]] + [s0[2], s1[2], s0[3], s1[3]]",
        "        Vector128<float> first = Interleave.Lower(s0, s1) + Interleave.Upper(s0, s1);",
        "        Vector128<float> second = Interleave.Lower(s2, s3) + Interleave.Upper(s2, s3);",
        "        return Interleave.LowerHalves(first, second) + Interleave.UpperHalves(first, second);",
        "    }",
    ]
    return out


def rows_added(vector, lanes, fma):
    """Eight rows of B, each times its own number, onto a row of sums."""
    out = [
        "    /// <inheritdoc/>",
        "    [MethodImpl(MethodImplOptions.AggressiveOptimization)]",
        "    public static int AddRows<TSource>(float* a, byte* b, nint rowBytes, int count, float* sums)",
        "        where TSource : struct, IVectorSource",
        "    {",
    ]
    for i in range(8):
        out.append(f"        {vector}<float> a{i} = {vector}.Create(a[{i}]);")
        if i:
            out.append(f"        byte* b{i} = b + ({i} * rowBytes);")
    out.append("        nint ahead = 8 * rowBytes;")
    out.append("        int j = 0;")
    out.append(f"        for (; j + {lanes} <= count; j += {lanes})")
    out.append("        {")
    out.append(f"            {vector}<float> s = {vector}.Load(sums + j);")
    for i in range(8):
        name = f"b{i}" if i else "b"
        out.append(f"            CacheLine.ToSecondLevel({name} + ahead + (j * TSource.ElementBytes));")
        out.append(f"            s = {fma}(a{i}, TSource.Load{lanes * 32}({name}, j), s);")
    out.append("            s.Store(sums + j);")
    out.append("        }")
    out.append("")
    out.append("        return j;")
    out.append("    }")
    return out


def small(name, vector, lanes, fma, using):
    # Rows of A and rows of B in a tile whose sums, with an operand or two, fit the registers.
    tiles = {16: {1: 4, 2: 4, 4: 4}, 8: {1: 4, 2: 2, 4: 1}, 4: {1: 4}}[lanes]
    batch_rows = {16: 6, 8: 3, 4: 0}[lanes]
    out = [
        "// <auto-generated>",
        "// Written by build/generate-microkernels.py; change that and run it again.",
        "// </auto-generated>",
        "#nullable enable",
        "",
        "using System.Diagnostics;",
        "using System.Runtime.CompilerServices;",
        "using System.Runtime.Intrinsics;",
    ]
    if using:
        out.append(f"using {using};")
    out += [
        "",
        "namespace Graft.Tensors.Kernels;",
        "",
        f"/// <summary>Products of a few rows with vectors of {lanes} lanes.</summary>",
        f"internal unsafe struct SmallKernel{name} : ISmallKernel",
        "{",
        "    /// <inheritdoc/>",
        f"    public static int Lanes => {lanes};",
        "",
        "    /// <inheritdoc/>",
        f"    public static bool Splits<TSource>()",
        "        where TSource : struct, IVectorSource",
        f"        => {'EvenOdd.Splits<TSource>()' if lanes == 8 else 'false'};",
        "",
        "    /// <inheritdoc/>",
        f"    public static (int Batch, int Rows) Tile(int batch) => {' : '.join(f'batch >= {m} ? ({m}, {n})' for m, n in sorted(tiles.items(), reverse=True) if m > 1)}{' : ' if len(tiles) > 1 else ''}(1, {tiles[1]});",
        "",
    ]
    if batch_rows:
        out += ["    /// <inheritdoc/>", f"    public static int BatchTileRows => {batch_rows};", ""]
    out += [
        "    /// <inheritdoc/>",
        "    public static void Dot<TSource>(int batch, int rows, float* a, nint lda, byte* b, nint rowBytes, nint chunks, float* aTail, float* bTail, float* c, nint ldc, bool accumulate)",
        "        where TSource : struct, IVectorSource",
        "    {",
        "        switch ((batch * 8) + rows)",
        "        {",
    ]
    for m, most in tiles.items():
        for n in sorted({1, most}):
            out.append(f"            case {m * 8 + n}: Dot{m}x{n}<TSource>(a, lda, b, rowBytes, chunks, aTail, bTail, c, ldc, accumulate); break;")
    out += ["            default: throw new UnreachableException();", "        }", "    }", ""]
    out += rows_added(vector, lanes, fma)
    for m, most in tiles.items():
        for n in sorted({1, most}):
            out.append("")
            out += dot(vector, lanes, m, n, fma)
    if batch_rows:
        out.append("")
        out += batch_tile(vector, lanes, 4, batch_rows, fma)
    out.append("")
    out += fold(vector, lanes)
    out.append("}")
    (TARGET / f"SmallKernel.{name}.g.cs").write_text("\n".join(out) + "\n", encoding="utf-8", newline="\n")


for entry in SETS:
    file(*entry)
    small(entry[0], entry[1], entry[2], entry[5], entry[6])
