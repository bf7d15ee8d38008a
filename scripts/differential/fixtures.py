"""The small part for `cargo test`: some files of each format in one archive, with what they hold."""

import json
import pathlib
import tempfile
import zipfile

import numpy as np

from . import work
from .truth import Array, compare

COUNTS = {
    "csv": 90,
    "parquet": 45,
    "npy": 25,
    "npz": 20,
    "idx": 12,
    "png": 20,
    "tiff": 25,
    "bmp": 8,
    "webp": 10,
    "gif": 8,
    "jpeg": 12,
}
SEED = 20
# The most bytes of the files of a case.
SMALL = 2500


def write(folder):
    """Writes `differential.zip` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "differential.zip"
    cases = []
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(path, "w") as archive:
        for format_, count in COUNTS.items():
            index = -1
            for number in range(count):
                case, index = next_case(format_, index + 1, pathlib.Path(place) / "case")
                name = f"{format_}-{number:03}"
                for file, content in case.files.items():
                    add(archive, f"{name}/{file}", content)
                cases.append(truth_of(case, name))
        lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        add(archive, "truth.json", f"[\n{lines}\n]\n".encode())
    print(f"{len(cases)} cases, {path.stat().st_size} bytes in {path}")


def add(archive, name, content):
    """An entry with a fixed date, so that the archive has the same bytes each time."""
    entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content, compresslevel=9)


def next_case(format_, index, folder):
    """The next small case that needs no options but one for gaps, and that the reference reads."""
    while True:
        work.empty(folder)
        case, _ = work.generate(format_, SEED, index, folder)
        small = sum(map(len, case.files.values())) <= SMALL
        told = not case.asked and not case.ids and "cp1252" not in case.about
        if small and told:
            work.store(case, folder)
            if compare(case, case.truth, work.whole_table(work.reference_of(case, folder), case)) is None:
                return case, index
        index += 1


def truth_of(case, name):
    """What a case holds: how it is read, and its values by columns."""
    result = {"name": name, "data": f"{name}/{case.source}", "tolerance": case.tolerance}
    if isinstance(case.truth, Array):
        values = case.truth.values.reshape(len(case.truth.values), -1)
        gaps = case.options != []
        return result | {"missing": "zero" if gaps else None, "names": None, "columns": [bits(c) for c in values.T]}
    numbers = case.truth.numbers()
    kept = np.ones(case.truth.rows, dtype=bool)
    gaps = "--missing" in case.options
    if gaps and case.missing == "drop":
        for column in numbers:
            if column.missing is not None:
                kept &= ~column.missing
    names = [{"is": column.name} if not column.is_part else {"begins": column.name} for column in numbers]
    columns = []
    for column in numbers:
        missing = column.missing[kept] if column.missing is not None else None
        columns.append(bits(column.values[kept], missing))
    return result | {
        "missing": case.missing if gaps else None,
        "names": names if case.truth.has_names else None,
        "columns": columns,
    }


def bits(values, missing=None):
    """Small whole numbers as they are, other values as the bits of a float64, missing ones as `null`."""
    floats = np.asarray(values).astype(np.float64)
    gone = np.isnan(floats) if missing is None else missing
    result = []
    for value, word, lost in zip(floats.tolist(), floats.view(np.uint64).tolist(), gone.tolist()):
        is_small = abs(value) < 1e6 and value == int(value) and word != 1 << 63
        result.append(None if lost else int(value) if is_small else f"{word:x}")
    return result
