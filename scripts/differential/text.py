"""Tables as text: CSV and its dialects."""

import dataclasses
import gzip
import io
import re
import zipfile

import numpy as np
import pandas

from . import values as v
from .truth import Case, Column, Table, column_of
from .values import chance, pick

MARKERS = ["", "NA", "N/A", "NaN", "nan", "null", "-", "?", "#N/A"]
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}


@dataclasses.dataclass
class Dialect:
    separator: str
    decimal: str
    thousands: str | None
    quote: str
    quoting: str
    encoding: str
    newline: str
    marker: str
    header: str
    has_index: bool
    preamble: list
    comment: str | None
    has_units: bool
    says_separator: bool
    trails: bool
    padding: str
    packing: str

    @property
    def has_header(self):
        return self.header != "none"


def dialect(rng, width):
    """A dialect of a program that writes tables; most files are plain in most ways."""
    separator = pick(rng, [",", ",", ",", ";", ";", "\t", "\t", "|", " "])
    decimal = "," if separator != "," and chance(rng, 0.4) or separator == "," and chance(rng, 0.05) else "."
    thousands = None
    if separator != " " and chance(rng, 0.12):
        thousands = pick(rng, [",", "'", " "] if decimal == "." else [".", ".", " "])
    quote = "'" if chance(rng, 0.05) and thousands != "'" else '"'
    marks = [marker for marker in MARKERS if marker or not (separator == " " or width == 1)]
    comment = "#" if chance(rng, 0.08) else None
    if comment:
        marks.remove("#N/A")
    header = pick(rng, ["words"] * 12 + ["none", "none", "years", "counting", "numbers"])
    plain = separator != " " and width > 2 and header == "words"
    return Dialect(
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        quote=quote,
        quoting=pick(rng, ["minimal"] * 6 + ["all", "words", "names"]),
        encoding=pick(rng, ["utf-8"] * 8 + ["utf-8-sig", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]),
        newline=pick(rng, ["\n"] * 6 + ["\r\n"] * 5 + ["\r"] if chance(rng, 0.2) else ["\n", "\r\n"]),
        marker=pick(rng, marks),
        header=header,
        has_index=separator != " " and header == "words" and chance(rng, 0.08),
        preamble=preamble(rng) if plain and not comment and chance(rng, 0.08) else [],
        comment=comment,
        has_units=plain and chance(rng, 0.05),
        says_separator=separator in ",;\t" and chance(rng, 0.03),
        trails=separator in ",;" and header == "words" and chance(rng, 0.04),
        padding=pick(rng, ["", " "]) if separator == "," and quote == '"' and chance(rng, 0.1) else "",
        packing=pick(rng, ["none"] * 10 + ["gzip", "zip"]),
    )


def preamble(rng):
    lines = ["Logger 2.4", "Station: north", "exported 2024-05-01", "", "Run 7 of 12", "serial number A1B2"]
    return [pick(rng, lines[:3] + lines[4:]), *(pick(rng, lines) for _ in range(int(rng.integers(0, 3))))]


def number_column(rng, d, rows):
    """A column of numbers as cells, and as truth."""
    share = rng.random()
    if share < 0.1:
        yes, no = pick(rng, v.BOOLEANS)
        flags = rng.integers(0, 2, rows)
        return [yes if flag else no for flag in flags], flags.astype(np.int64)
    plain = d.thousands or d.decimal == "," and chance(rng, 0.5)
    make = pick(rng, v.GROUPED if plain else v.NUMBERS)
    texts = make(rng, rows)
    cells = [v.shown(text, d.decimal, d.thousands) for text in texts]
    if share < 0.13 and d.separator != " ":
        unit = pick(rng, [" %", "%"])
        cells = [cell + unit for cell in cells]
    return cells, v.array_of(texts)


def word_column(rng, d, rows):
    kind = pick(rng, ["words", "sentences", "dates", "unicode"])
    if kind == "words" or d.separator == " " and kind == "sentences":
        return v.words(rng, rows)
    if kind == "unicode":
        pool = [word for word in v.UNICODE if d.encoding != "cp1252" or word.isascii() or "é" in word or "ö" in word]
        return [pick(rng, pool) for _ in range(rows)]
    if kind == "dates":
        texts = v.dates(rng, rows)
        return [text.replace(" ", "T") for text in texts] if d.separator == " " else texts
    extra = [d.separator, d.quote, "\n"] if chance(rng, 0.5) and not d.preamble and d.newline == "\n" else [d.separator]
    return v.sentences(rng, rows, [] if d.separator == "\t" else extra)


def columns(rng, d, width, rows):
    """The columns as cells and as truth, at least one of numbers."""
    numeric = rng.random(width) < 0.75
    numeric[int(rng.integers(width))] = True
    names = header_names(rng, d, width)
    gaps = chance(rng, 0.25) and rows > 2
    cells, truth = [], []
    for name, is_number in zip(names, numeric):
        if not is_number:
            texts = word_column(rng, d, rows)
            cells.append(texts)
            truth.append(Column(name, np.array([text.strip() for text in texts], dtype=object)))
            continue
        texts, values = number_column(rng, d, rows)
        missing = None
        if gaps and chance(rng, 0.6):
            missing = rng.random(rows) < rng.uniform(0.02, 0.4)
            missing[int(rng.integers(rows))] = False
            texts = [d.marker if gone else text for gone, text in zip(missing, texts)]
        cells.append(texts)
        truth.append(Column(name, values, missing if missing is not None and missing.any() else None))
    return names, cells, truth


def header_names(rng, d, width):
    if d.header == "words":
        pool = v.NAMES + ([] if d.separator == " " else ["a b", f"x{d.separator}y", 'the "mean"'])
        pool = pool + (["größe"] if d.encoding != "cp1252" or True else [])
        return v.distinct_names(rng, width, pool)
    first = 0 if d.header == "counting" else int(rng.integers(1990, 2015))
    if d.header == "numbers":
        return [str(n) for n in rng.choice(np.arange(10, 100000), width, replace=False).tolist()]
    return [str(first + place) for place in range(width)]


def quoted(text, d, how):
    """A cell between quotes, where it needs them or all have them."""
    needs = d.separator in text or d.quote in text or "\n" in text or "\r" in text
    if needs or how == "all":
        return d.quote + text.replace(d.quote, d.quote * 2) + d.quote
    return text


def written(rng, d, names, cells, truth):
    """The text of the file, and the lines that a reader has to leave out."""
    lines, left_out = [], []
    if d.says_separator:
        left_out.append(len(lines))
        lines.append(f"sep={d.separator}")
    for text in d.preamble:
        left_out.append(len(lines))
        lines.append(text)
    if d.comment:
        lines.extend(f"{d.comment} {text}" for text in ["made by a logger", "all values as measured"])
    join = d.separator + d.padding
    end = d.separator if d.trails else ""
    index_name = pick(rng, ["", "Unnamed: 0"])
    if d.has_header:
        how = "all" if d.quoting in ("all", "words", "names") else "minimal"
        first = [quoted(name, d, how) for name in names]
        if d.has_index:
            first.insert(0, quoted(index_name, d, how))
        lines.append(join.join(first) + end)
        if d.has_units:
            left_out.append(len(lines))
            units = [quoted(pick(rng, v.UNITS), d, "minimal") for _ in names]
            lines.append(join.join([*([""] if d.has_index else []), *units]) + end)
    how = ["all" if d.quoting == "all" or d.quoting == "words" and not t.is_number else "minimal" for t in truth]
    ready = [[quoted(text, d, h) for text in column] for column, h in zip(cells, how)]
    rows = len(cells[0])
    comments = set(rng.integers(0, rows, 2).tolist()) if d.comment else set()
    aligned = [max(map(len, column)) for column in ready] if d.separator == " " and chance(rng, 0.5) else None
    for row in range(rows):
        if row in comments:
            lines.append(f"{d.comment} a pause")
        line = [column[row] for column in ready]
        if aligned:
            line = [text.rjust(size + 1) for text, size in zip(line, aligned)]
        if d.has_index:
            line.insert(0, str(row))
        lines.append(join.join(line) + end)
    last = "" if chance(rng, 0.2) else d.newline
    return d.newline.join(lines) + last, left_out


def open_questions(d, cells, truth):
    """The options that a person has to give, since nothing in the file decides."""
    asked = []
    numbers = [t for t in truth if t.is_number]
    present = [
        cell
        for texts, t in zip(cells, truth)
        if t.is_number
        for cell, gone in zip(texts, t.missing if t.missing is not None else [False] * len(texts))
        if not gone
    ]
    lone = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}\s?%?")
    signed = [cell for cell in present if re.search(r"[.,]", cell)]
    decides = any(not lone.fullmatch(cell) for cell in signed)
    if not d.thousands:
        decides |= any(re.fullmatch(r"[+-]?\d{4,}\s?%?", cell) for cell in present)
    if signed and not decides and d.separator != ",":
        # Semicolons with lone commas are decimal commas.
        if d.thousands or d.decimal == "." or d.separator != ";" or len(cells) == 1:
            asked += ["--decimal", d.decimal]
    elif d.separator == "," and not decides and signed and (d.decimal == "," or d.thousands):
        asked += ["--decimal", d.decimal]
    elif d.decimal == "," and len(cells) == 1 and not d.has_header:
        # Without quotes, a line could be two cells.
        asked += ["--decimal", d.decimal]
    if asked and d.thousands:
        asked += ["--thousands", d.thousands]
    if d.header == "numbers":
        asked += ["--header", "yes"]
    if d.header == "none":
        first = [texts[0] for texts in cells]
        counts = all(re.fullmatch(r"\d+", text) for text in first)
        counts = counts and all(int(b) == int(a) + 1 for a, b in zip(first, first[1:]))
        told = any(t.missing is None or not t.missing[0] for t in numbers)
        if counts or not told or len(cells[0]) == 1:
            asked += ["--header", "no"]
    few_words = d.separator == " " and len(cells) in (3, 4)
    if d.header in ("counting", "years") and (len(cells) < 2 or len(cells[0]) < 2 or d.comment and few_words):
        # A comment of as many words as there are columns could have the names.
        asked += ["--header", "yes"]
    if d.thousands == " " and len(cells[0]) == 1:
        # A single row could be cells with spaces between them.
        asked += ["--separator", SEPARATORS[d.separator]]
    if d.separator == " " and (len(cells) == 1 or d.decimal == "," and len(cells[0]) == 1):
        asked += ["--separator", "space"]
    return asked


def hints(d):
    """The options that may help where a file is refused."""
    result = ["--decimal", d.decimal, "--separator", SEPARATORS[d.separator]]
    result += ["--thousands", d.thousands] if d.thousands else []
    result += ["--encoding", "windows-1252"] if d.encoding == "cp1252" else []
    result += ["--encoding", d.encoding.replace("-le", "le").replace("-be", "be")] if "utf-16-" in d.encoding else []
    result += ["--header", "yes" if d.has_header else "no"]
    result += ["--quote", d.quote] if d.quote != '"' else []
    result += ["--skip-lines", str(len(d.preamble))] if d.preamble else []
    result += ["--comment", d.comment] if d.comment else []
    return result + (["--units", "yes"] if d.has_units else [])


def pandas_reader(d, name, left_out):
    """How pandas reads the file, given its dialect."""

    def read(folder):
        frame = pandas.read_csv(
            folder / name,
            sep=r"\s+" if d.separator == " " else d.separator,
            decimal=d.decimal,
            thousands=d.thousands,
            quotechar=d.quote,
            encoding="utf-16" if d.encoding.startswith("utf-16") else d.encoding,
            comment=d.comment,
            skiprows=left_out or None,
            header=0 if d.has_header else None,
            index_col=False,
            skipinitialspace=bool(d.padding) or d.separator == " ",
            na_values=["-", "?"],
            true_values=[yes for yes, _ in v.BOOLEANS],
            false_values=[no for _, no in v.BOOLEANS],
            compression={"none": None}.get(d.packing, d.packing),
            float_precision="round_trip",
            low_memory=False,
            dtype_backend="numpy_nullable",
        )
        result = []
        for place, name_ in enumerate(frame.columns):
            if d.has_index and place == 0 or d.trails and place == len(frame.columns) - 1:
                continue
            series = frame[name_]
            values = series.to_numpy(dtype=object, na_value=None)
            result.append(column_of(str(name_).strip(), meant(values, d)))
        return Table(result, d.has_header)

    return read


def polars_reader(d, name):
    """How polars reads a file of a plain dialect."""

    def read(folder):
        import polars

        frame = polars.read_csv(
            folder / name,
            separator=d.separator,
            quote_char=d.quote,
            decimal_comma=d.decimal == ",",
            comment_prefix=d.comment,
            has_header=d.has_header,
            null_values=MARKERS,
            infer_schema_length=None,
        )
        columns_ = [(series.name, np.array(series.to_list(), dtype=object)) for series in frame.get_columns()]
        # polars keeps the quotes that stand double in a name.
        named = [(name_.strip().replace(d.quote * 2, d.quote), values) for name_, values in columns_]
        return Table([column_of(name_, meant(values, d)) for name_, values in named], d.has_header)

    return read


def suits_polars(d, truth):
    """Whether polars has options for all that the dialect does, and 64 bits for each number."""
    plain = not (d.thousands or d.preamble or d.has_index or d.has_units or d.says_separator or d.trails or d.padding)
    plain = plain and d.separator != " " and d.packing == "none" and d.encoding == "utf-8" and d.newline != "\r"
    return plain and not any(column.values.dtype == np.uint64 for column in truth)


def meant(values, d):
    """What pandas leaves as text: a column of `12.5 %`, or with gaps yes and no or 64 bits without a sign, as numbers."""
    present = [value for value in values.tolist() if value is not None and value == value]
    if not present or not all(isinstance(value, (str, bool)) for value in present):
        return values
    flags = {yes: 1 for yes, _ in v.BOOLEANS} | {no: 0 for _, no in v.BOOLEANS} | {True: 1, False: 0}
    if all(value in flags for value in present):
        return np.array([flags.get(value) for value in values.tolist()], dtype=object)
    wide = [re.fullmatch(r"\d{19,20}", value) for value in map(str, present) if value not in MARKERS]
    if wide and all(wide):
        return np.array([None if x is None or x in MARKERS else int(x) for x in values.tolist()], dtype=object)
    if not all(isinstance(value, str) and value.endswith("%") for value in present):
        return values
    strip = lambda t: t.rstrip("% ").replace(d.thousands or "\0", "").replace(d.decimal, ".")
    try:
        return np.array([v.value_of(strip(x)) if isinstance(x, str) else None for x in values.tolist()], dtype=object)
    except ValueError:
        return values


def generate(rng, large):
    """A file of a random dialect."""
    width = int(rng.integers(1, 9))
    d = dialect(rng, width)
    rows = 30000 if large else int(rng.integers(1, 51))
    names, cells, truth = columns(rng, d, width, rows)
    text, left_out = written(rng, d, names, cells, truth)
    content = encoded(text, d)
    ending = pick(rng, ["csv"] * 6 + ["txt", "dat", "data"]) if d.separator != "\t" else pick(rng, ["tsv", "csv", "txt"])
    name = f"table.{ending}"
    if d.packing == "gzip":
        name, content = name + ".gz", gzip.compress(content, mtime=0)
    elif d.packing == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(name), content)
        name, content = name + ".zip", buffer.getvalue()
    reference = pandas_reader(d, name, left_out)
    if suits_polars(d, truth) and chance(rng, 0.3):
        reference = polars_reader(d, name)
    case = Case(
        files={name: content},
        source=name,
        truth=Table(truth, d.has_header),
        reference=reference,
        output=pick(rng, [".parquet"] * 6 + [".csv"] * 3),
        asked=open_questions(d, cells, truth),
        fallback=hints(d),
        is_checked=d.packing != "none",
        about=repr(d),
    )
    case.missing = "drop" if chance(rng, 0.2) else "zero"
    if any(column.missing is not None for column in truth):
        case.options += ["--missing", case.missing]
        if case.missing == "drop" and all_rows_go(truth):
            case.missing, case.options[-1] = "zero", "zero"
    words = [column.name for column in truth if not column.is_number and d.has_header and "," not in column.name]
    if words and chance(rng, 0.3):
        case.ids = words[:1]
        case.options += ["--id", '"' + words[0].replace('"', '""') + '"' if '"' in words[0] else words[0]]
    return case


def all_rows_go(truth):
    gone = [column.missing for column in truth if column.missing is not None]
    return bool(np.logical_or.reduce(gone).all())


def encoded(text, d):
    if d.encoding == "cp1252":
        return text.encode("cp1252", errors="replace")
    if d.encoding.startswith("utf-16-"):
        mark = b"\xff\xfe" if d.encoding.endswith("le") else b"\xfe\xff"
        return mark + text.encode(d.encoding)
    return text.encode(d.encoding)
