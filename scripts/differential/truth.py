"""What a file holds, as its generator knows it, and the exact comparison of two readings."""

import dataclasses
import typing

import numpy as np


@dataclasses.dataclass
class Column:
    """A column of a table. `values` are int64, uint64, floats, or str objects for a column of words."""

    name: str
    values: np.ndarray
    missing: np.ndarray | None = None
    # The reader gives the column's name an ending of its own (a value of a list).
    is_part: bool = False
    # The column is expected among the outputs.
    is_read: bool = True

    @property
    def is_number(self):
        return self.values.dtype.kind in "iuf"


@dataclasses.dataclass
class Table:
    columns: list
    # A table without names is compared by the order of its columns.
    has_names: bool = True

    @property
    def rows(self):
        return len(self.columns[0].values) if self.columns else 0

    def numbers(self):
        return [column for column in self.columns if column.is_number and column.is_read]


@dataclasses.dataclass
class Array:
    """Rows of values: `[rows, values]`, or `[rows, channels, height, width]`."""

    values: np.ndarray


@dataclasses.dataclass
class Case:
    """A generated file, how it is read, and what it holds."""

    # Contents by name.
    files: dict
    # What `--data` is given.
    source: str
    truth: typing.Any
    # How the reference reads it: the folder of the files → Table or Array.
    reference: typing.Callable
    output: str = ".parquet"
    # Always said: what becomes of gaps, which columns are ids.
    options: list = dataclasses.field(default_factory=list)
    # Said because the file leaves open what it means.
    asked: list = dataclasses.field(default_factory=list)
    # Said if the file is refused without.
    fallback: list = dataclasses.field(default_factory=list)
    ids: list = dataclasses.field(default_factory=list)
    missing: str | None = None
    # The largest difference that the format allows, of values of 8 bits.
    tolerance: int = 0
    # A changed byte of a value is always noticed.
    is_checked: bool = False
    # Reads what stands in a damaged file where it is another than `reference`.
    about: str = ""


def numbers_of(values):
    """Values of any type as int64, uint64 or floats and the mask of missing ones; None if one is no number."""
    values = np.asarray(values)
    kind = values.dtype.kind
    if kind == "b":
        return values.astype(np.int64), None
    if kind == "i":
        return values.astype(np.int64), None
    if kind == "u":
        return values.astype(np.uint64) if values.dtype.itemsize == 8 else values.astype(np.int64), None
    if kind == "f" or values.dtype.name in ("float16", "bfloat16"):
        missing = np.isnan(values)
        # The type of a float16 or float32 is kept: a text has the fewest digits that give the same number of it.
        own = values if kind == "f" else values.astype(np.float32)
        return own, missing if missing.any() else None
    if kind != "O":
        return None
    missing = np.array([value is None or value != value for value in values], dtype=bool)
    present = [value for value, gone in zip(values, missing) if not gone]
    if not present or any(isinstance(value, (str, bytes)) for value in present):
        return None
    if all(isinstance(value, (bool, int, np.bool_, np.integer)) for value in present):
        whole = [int(value) for value in present]
        low, high = min(whole), max(whole)
        kind = np.int64 if -(2**63) <= low and high < 2**63 else np.uint64 if low >= 0 and high < 2**64 else None
        if kind is None:
            return None
        result = np.zeros(len(values), dtype=kind)
        result[~missing] = whole
    else:
        try:
            result = np.zeros(len(values), dtype=np.float64)
            result[~missing] = [float(value) for value in present]
        except (TypeError, ValueError):
            return None
    return result, missing if missing.any() else None


def column_of(name, values):
    """A column from a reference's values: of numbers where all are, else of words."""
    found = numbers_of(values)
    if found is not None:
        return Column(name, found[0], found[1])
    words = np.array(["" if v is None or v != v else str(v) for v in np.asarray(values, dtype=object)], dtype=object)
    return Column(name, words)


def same_numbers(expected, got):
    """The first place where two arrays of numbers differ by as much as a bit; None if there is none."""
    if expected.dtype in (np.float16, np.float32):
        # A text has the fewest digits that give the same number of its type.
        got = got.astype(np.float64).astype(expected.dtype)
    if expected.dtype.kind == "f" and got.dtype.kind == "f":
        same = expected.astype(np.float64).view(np.int64) == got.astype(np.float64).view(np.int64)
    elif expected.dtype == got.dtype:
        same = expected == got
    elif "f" in (expected.dtype.kind, got.dtype.kind):
        floats, whole = (expected, got) if expected.dtype.kind == "f" else (got, expected)
        same = np.array(
            [
                np.isfinite(a) and a == int(a) and int(a) == int(b) and not (a == 0 and np.signbit(a))
                for a, b in zip(floats.tolist(), whole.tolist())
            ],
            dtype=bool,
        )
        if expected.dtype.kind != "f":
            # Whole numbers may come back as floats where each is exact; a zero has one sign only there.
            same |= (floats == 0) & (whole == 0)
    else:
        same = np.array([int(a) == int(b) for a, b in zip(expected.tolist(), got.tolist())], dtype=bool)
    wrong = np.flatnonzero(~same)
    return int(wrong[0]) if wrong.size else None


def compare(case, expected, got):
    """How what Narrows read differs from what is expected, in words; None if it does not."""
    if isinstance(expected, Array):
        return compare_arrays(case, expected, got)
    return compare_tables(case, expected, got)


def compare_arrays(case, expected, got):
    wanted, found = expected.values, got.values
    wanted = wanted.reshape(len(wanted), -1)
    found = found.reshape(len(found), -1)
    if case.tolerance is not None and wanted.shape != found.shape and wanted.shape[1] == 3 * found.shape[1]:
        # Gray pixels of a format that knows color only.
        thirds = wanted.reshape(len(wanted), 3, -1)
        if (thirds == thirds[:, :1]).all():
            wanted = thirds[:, 0]
    if wanted.shape != found.shape:
        return f"shape {found.shape}, not {wanted.shape}"
    if case.tolerance:
        apart = np.abs(wanted.astype(np.int64) - found.astype(np.int64)).max(initial=0)
        return f"{apart} of 255 apart" if apart > case.tolerance else None
    (wanted, gone), (found, lost) = numbers_of(wanted.ravel()), numbers_of(found.ravel())
    if gone is not None:
        # A missing value: `--missing zero` made it 0, or it is missing still.
        if not ((found[gone] == 0) | np.isnan(found[gone].astype(np.float64))).all():
            return "a missing value became another"
        wanted, found = wanted[~gone], found[~gone]
    at = same_numbers(wanted, found)
    return None if at is None else f"value {at}: {found[at]!r}, not {wanted[at]!r}"


def compare_tables(case, expected, got):
    numbers = expected.numbers()
    kept = np.ones(expected.rows, dtype=bool)
    if case.missing == "drop":
        for column in numbers:
            if column.missing is not None:
                kept &= ~column.missing
    if got.rows != kept.sum():
        return f"{got.rows} rows, not {kept.sum()}"
    rest = list(got.columns)
    for name in case.ids:
        wanted = next((column for column in expected.columns if column.name == name), None)
        found = next((column for column in rest if column.name == name), None)
        if wanted is None or found is None:
            return f"no id column `{name}`"
        rest.remove(found)
        texts = [str(value).strip() for value in found.values.tolist()]
        if texts != [str(value).strip() for value in wanted.values[kept].tolist()]:
            return f"id column `{name}` differs"
    if len(rest) != len(numbers):
        return f"columns {[c.name for c in rest]}, not {[c.name for c in numbers]}"
    for wanted, found in zip(numbers, rest):
        if expected.has_names and got.has_names and wanted.name != found.name:
            if not (wanted.is_part and found.name.startswith(wanted.name)):
                return f"a column called {found.name!r}, not {wanted.name!r}"
        if not found.is_number:
            return f"column `{wanted.name}` is of words"
        difference = compare_column(wanted, found, kept)
        if difference:
            return difference
    return None


def compare_column(wanted, found, kept):
    values, present = wanted.values[kept], np.ones(kept.sum(), dtype=bool)
    if wanted.missing is not None:
        present = ~wanted.missing[kept]
        gone = found.values[~present].astype(np.float64)
        if not ((gone == 0) | np.isnan(gone)).all():
            return f"column `{wanted.name}`: a missing cell became {gone[gone != 0][0]!r}"
    if found.missing is not None and found.missing[present].any():
        return f"column `{wanted.name}`: a cell became missing"
    values, others = values[present], found.values[present]
    at = same_numbers(values, others)
    if at is None:
        return None
    return f"column `{wanted.name}`, cell {at} of those present: {others[at]!r}, not {values[at]!r}"
