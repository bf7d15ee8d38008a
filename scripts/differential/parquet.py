"""Parquet files of pyarrow and fastparquet."""

import datetime
import decimal
import io
import os

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet

from . import values as v
from .truth import Case, Column, Table, column_of
from .values import chance, pick

WHOLE = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
KINDS = WHOLE + ["float16", "float32", "float64", "float64", "bool", "decimal", "dictionary", "numbers by number"]
KINDS += ["words", "date", "timestamp", "duration", "list"]
LISTS = [pyarrow.types.is_list, pyarrow.types.is_large_list, pyarrow.types.is_fixed_size_list]
# Columns that are described and left out.
LEFT_OUT = {"words", "dictionary", "date", "timestamp", "duration"}


def whole(rng, name, rows):
    info = np.iinfo(name)
    if chance(rng, 0.5):
        low, high = max(info.min, -100), min(info.max, 100)
    else:
        low, high = info.min, info.max
    return rng.integers(low, high, rows, dtype=name, endpoint=True)


def floats(rng, name, rows):
    if name == "float16":
        return rng.normal(size=rows).astype(np.float16)
    kind = {"float32": np.uint32, "float64": np.uint64}[name]
    if chance(rng, 0.3):
        bits = rng.integers(0, np.iinfo(kind).max, rows, dtype=kind, endpoint=True).view(name)
        return np.where(np.isfinite(bits), bits, np.array(1.5, dtype=name)).astype(name)
    return (rng.normal(size=rows) * 10 ** rng.uniform(-5, 9)).astype(name)


def gap_mask(rng, rows, gaps):
    if not gaps or chance(rng, 0.4):
        return None
    mask = rng.random(rows) < rng.uniform(0.02, 0.6)
    mask[int(rng.integers(rows))] = False
    return mask if mask.any() else None


def arrow_column(rng, kind, name, rows, gaps):
    """An Arrow array and the columns that it is."""
    mask = gap_mask(rng, rows, gaps)
    number = lambda values: [Column(name, column_of(name, values).values, mask)]
    arrow = lambda values, **more: pyarrow.array(values, mask=mask, **more)
    if kind in WHOLE:
        values = whole(rng, kind, rows)
        return arrow(values), number(values)
    if kind.startswith("float"):
        values = floats(rng, kind, rows)
        if mask is not None and chance(rng, 0.5):
            values[mask] = np.nan
            return pyarrow.array(values, from_pandas=False), number(np.where(mask, values.dtype.type(0), values))
        return arrow(values), number(values)
    if kind == "bool":
        values = rng.random(rows) < 0.5
        return arrow(values), number(values)
    if kind == "decimal":
        return decimals(rng, name, rows, mask)
    if kind == "numbers by number":
        values = whole(rng, "int32", rows) if chance(rng, 0.5) else floats(rng, "float64", rows)
        return arrow(values).dictionary_encode(), number(values)
    if kind == "list":
        return lists(rng, name, rows)
    texts = np.array(v.words(rng, rows), dtype=object)
    if kind == "words":
        return arrow(texts, type=pyarrow.string()), [Column(name, texts)]
    if kind == "dictionary":
        return arrow(texts, type=pyarrow.string()).dictionary_encode(), [Column(name, texts)]
    days = rng.integers(0, 20000, rows)
    if kind == "date":
        values = arrow(days.astype("datetime64[D]"))
    elif kind == "duration":
        values = arrow((days * 1000).astype(f"timedelta64[{pick(rng, ['s', 'ms', 'us', 'ns'])}]"))
    else:
        unit = pick(rng, ["ms", "us", "ns"])
        values = arrow((days * 10**6).astype(f"datetime64[{unit}]"))
        if chance(rng, 0.3):
            values = values.cast(pyarrow.timestamp(unit, "UTC"))
    return values, [Column(name, texts)]


def decimals(rng, name, rows, mask):
    """Decimals of 32 to 128 bits; a float64 is the nearest to one, or it is a whole number."""
    precision = int(rng.integers(3, 19))
    scale = int(rng.integers(0, min(precision, 8)))
    digits = rng.integers(-(10 ** (precision - 1)), 10 ** (precision - 1), rows).tolist()
    exact = [decimal.Decimal(n).scaleb(-scale) for n in digits]
    array = pyarrow.array(exact, type=pyarrow.decimal128(precision, scale), mask=mask)
    values = np.array(digits, dtype=np.int64) if scale == 0 else np.array([float(str(x)) for x in exact])
    return array, [Column(name, values, mask)]


def lists(rng, name, rows):
    """A list of one length in each row: so many columns."""
    length = int(rng.integers(1, 6))
    values = floats(rng, pick(rng, ["float32", "float64"]), rows * length)
    flat = pyarrow.array(values)
    if chance(rng, 0.5):
        array = pyarrow.FixedSizeListArray.from_arrays(flat, length)
    else:
        array = pyarrow.ListArray.from_arrays(np.arange(rows + 1, dtype=np.int32) * length, flat)
    table = values.reshape(rows, length)
    return array, [Column(name, table[:, at].copy(), None, True) for at in range(length)]


def write_options(rng, table):
    """Compression, pages, row groups and encodings."""
    options = {
        "compression": pick(rng, ["snappy", "snappy", "gzip", "zstd", "lz4", "none"]),
        "row_group_size": max(1, int(table.num_rows / int(rng.integers(1, 4)))),
        "data_page_version": pick(rng, ["1.0", "2.0"]),
        "use_dictionary": chance(rng, 0.5),
        "data_page_size": pick(rng, [64, 1024, 1 << 20]),
        "write_page_checksum": chance(rng, 0.3),
        "write_statistics": chance(rng, 0.7),
        "store_schema": chance(rng, 0.8),
    }
    # Parquet has no spans of time of its own: without Arrow's schema they are whole numbers.
    if any(pyarrow.types.is_duration(field.type) for field in table.schema):
        options["store_schema"] = True
    if not options["use_dictionary"] and chance(rng, 0.6):
        options["column_encoding"] = {
            field.name: encoding
            for field in table.schema
            if (encoding := pick(rng, encodings(field.type))) is not None
        } or None
    if any(pyarrow.types.is_timestamp(f.type) and f.type.unit == "ns" for f in table.schema) and chance(rng, 0.3):
        options["use_deprecated_int96_timestamps"] = True
    return options


def encodings(kind):
    if pyarrow.types.is_float16(kind) or pyarrow.types.is_floating(kind):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    if pyarrow.types.is_int32(kind) or pyarrow.types.is_int64(kind):
        return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    if pyarrow.types.is_string(kind):
        return ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"]
    if pyarrow.types.is_boolean(kind):
        return ["PLAIN", "RLE"]
    return [None]


def by_pyarrow(rng, rows):
    width, gaps = int(rng.integers(1, 8)), chance(rng, 0.3)
    kinds = [pick(rng, KINDS) for _ in range(width)]
    if all(kind in LEFT_OUT for kind in kinds):
        kinds[0] = "float64"
    names = v.distinct_names(rng, width, v.NAMES + ["größe", "a b", "x,y"])
    made = [arrow_column(rng, kind, name, rows, gaps) for kind, name in zip(kinds, names)]
    table = pyarrow.table([array for array, _ in made], names=names)
    if chance(rng, 0.1):
        frame = table.select([name for name, kind in zip(names, kinds) if kind != "list"]).to_pandas(
            types_mapper=pandas.ArrowDtype
        )
        if len(frame.columns) == width:
            frame.index = pandas.Index(np.arange(rows))
            table = pyarrow.Table.from_pandas(frame, preserve_index=True)
    buffer, options = io.BytesIO(), write_options(rng, table)
    pyarrow.parquet.write_table(table, buffer, **options)
    truth = [column for _, columns in made for column in columns]
    return buffer.getvalue(), truth, f"pyarrow {kinds} {options}"


def by_fastparquet(rng, rows, folder):
    import fastparquet

    width, gaps = int(rng.integers(1, 8)), chance(rng, 0.3)
    kinds = [pick(rng, WHOLE + ["float32", "float64", "bool", "nullable", "words", "timestamp"]) for _ in range(width)]
    if all(kind in LEFT_OUT for kind in kinds):
        kinds[0] = "int64"
    names = v.distinct_names(rng, width, v.NAMES)
    frame, truth = {}, []
    for kind, name in zip(kinds, names):
        mask = None
        if kind == "nullable":
            base = pick(rng, ["Int8", "Int32", "Int64", "UInt16"])
            values, mask = whole(rng, base.lower(), rows), gap_mask(rng, rows, gaps)
            frame[name] = pandas.array(values, dtype=base)
            if mask is not None:
                frame[name][mask] = pandas.NA
        elif kind in WHOLE:
            values = frame[name] = whole(rng, kind, rows)
        elif kind == "bool":
            values = frame[name] = rng.random(rows) < 0.5
        elif kind.startswith("float"):
            values, mask = floats(rng, kind, rows), gap_mask(rng, rows, gaps)
            frame[name] = values if mask is None else np.where(mask, np.nan, values).astype(kind)
        else:
            texts = np.array(v.words(rng, rows), dtype=object)
            days = rng.integers(0, 20000, rows)
            frame[name] = texts if kind == "words" else days.astype("datetime64[D]").astype("datetime64[us]")
            truth.append(Column(name, texts))
            continue
        truth.append(Column(name, column_of(name, values).values, mask))
    frame = pandas.DataFrame(frame)
    for name, kind in zip(names, kinds):
        if kind == "words":
            frame[name] = frame[name].astype(object)
    packing = pick(rng, ["SNAPPY", "GZIP", "ZSTD", "UNCOMPRESSED"])
    path = os.path.join(folder, "written.parquet")
    cut = max(1, rows // int(rng.integers(1, 4)))
    fastparquet.write(path, frame, compression=packing, row_group_offsets=cut, write_index=False, stats=chance(rng, 0.5))
    with open(path, "rb") as file:
        content = file.read()
    os.remove(path)
    return content, truth, f"fastparquet {kinds} {packing}"


def read(folder, name="table.parquet"):
    """How pyarrow reads the file."""
    return of_arrow(pyarrow.parquet.read_table(folder / name))


def read_by_polars(folder):
    """How polars reads the file."""
    import polars

    return of_arrow(polars.read_parquet(folder / "table.parquet", hive_partitioning=False).to_arrow())


def of_arrow(table):
    """The columns of an Arrow table."""
    result = []
    for place, field in enumerate(table.schema):
        column, kind = table.column(place).combine_chunks(), field.type
        if field.name == "__index_level_0__":
            continue
        if pyarrow.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
            kind = kind.value_type
        if any(is_kind(kind) for is_kind in LISTS):
            own = kind.value_type.to_pandas_dtype()
            rows = [np.array(row, dtype=own) for row in column.to_pylist()]
            for at in range(len(rows[0])):
                part = column_of(field.name, np.array([row[at] for row in rows]))
                part.is_part = True
                result.append(part)
            continue
        result.append(arrow_numbers(field.name, column, kind))
    return Table(result)


def arrow_numbers(name, column, kind):
    """An Arrow column as a column."""
    gaps = column.is_null().to_numpy(zero_copy_only=False)
    if pyarrow.types.is_decimal(kind):
        cells = [value if value is None else int(value) if kind.scale == 0 else float(str(value)) for value in column.to_pylist()]
        return column_of(name, np.array(cells, dtype=object))
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind) or pyarrow.types.is_floating(kind):
        filled = column.fill_null(False if pyarrow.types.is_boolean(kind) else 0) if gaps.any() else column
        found = column_of(name, filled.to_numpy(zero_copy_only=False))
        if gaps.any():
            found.missing = gaps if found.missing is None else gaps | found.missing
        return found
    return Column(name, np.array([str(value) for value in column.to_pylist()], dtype=object))


def generate(rng, large, folder):
    rows = 200000 if large else int(rng.integers(1, 51))
    make = by_fastparquet if chance(rng, 0.25) else by_pyarrow
    content, truth, about = make(rng, rows, folder) if make is by_fastparquet else make(rng, rows)
    case = Case(
        files={"table.parquet": content},
        source="table.parquet",
        truth=Table(truth),
        reference=read_by_polars if chance(rng, 0.1) and "float16" not in about else read,
        output=pick(rng, [".parquet", ".parquet", ".csv"]) if not large else ".parquet",
        about=about,
    )
    case.missing = "drop" if chance(rng, 0.2) and not large else "zero"
    gone = [column.missing for column in truth if column.missing is not None]
    if gone:
        if np.logical_or.reduce(gone).all():
            case.missing = "zero"
        case.options += ["--missing", case.missing]
    return case
