"""One file of a format: generated, read by the reference and by Narrows, compared."""

import csv
import dataclasses
import pathlib
import re
import resource
import shutil
import subprocess
import time
import warnings
import zlib

import numpy as np

from . import arrays, images, parquet, text
from .damage import damaged
from .truth import Array, Table, column_of, compare

# A file of more than a megabyte is one of so many, so that blocks, threads and second passes are met.
LARGE = {"csv": 300, "parquet": 300, "npy": 500, "npz": 500, "idx": 500}

GENERATORS = {
    "csv": lambda rng, large, folder: text.generate(rng, large),
    "parquet": parquet.generate,
    "npy": lambda rng, large, folder: arrays.npy(rng, large),
    "npz": lambda rng, large, folder: arrays.npz(rng, large),
    "idx": lambda rng, large, folder: arrays.idx(rng, large),
    "png": lambda rng, large, folder: images.png(rng, large),
    "jpeg": lambda rng, large, folder: images.jpeg(rng, large),
    "tiff": lambda rng, large, folder: images.tiff(rng, large),
    "bmp": lambda rng, large, folder: images.bmp(rng, large),
    "webp": lambda rng, large, folder: images.webp(rng, large),
    "gif": lambda rng, large, folder: images.gif(rng, large),
}

# Beyond this a file counts as one that does not end: seconds of CPU time for a small file.
SLOW = 1.0


@dataclasses.dataclass
class Outcome:
    format: str
    index: int
    # equal, refused, different, crash, slow; garbled: a damaged lossy image of which two decoders make different
    # pixels; or not counted: unread, disagrees.
    verdict: str
    why: str = ""
    # The options that the file needed, beyond those for gaps and ids.
    used: str = ""
    about: str = ""


def generate(format_, seed, index, folder):
    rng = np.random.default_rng([seed, zlib.crc32(format_.encode()), index])
    large = format_ in LARGE and index % LARGE[format_] == LARGE[format_] - 1
    return GENERATORS[format_](rng, large, folder), rng


def store(case, folder):
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def read_output(path, case):
    if path.suffix == ".npy":
        return Array(np.load(path))
    if path.suffix == ".parquet":
        return parquet.read(path.parent, path.name)
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    cells = zip(*lines) if lines else [[] for _ in header]
    return Table([column_of(name, plain(column, name in case.ids)) for name, column in zip(header, cells)])


def plain(cells, is_text):
    """The cells of a CSV file that Narrows wrote: all whole numbers, or all floats, or words."""
    if is_text:
        return np.array(cells, dtype=object)
    for kind in (int, float):
        try:
            return np.array([kind(cell) if cell else None for cell in cells], dtype=object)
        except ValueError:
            continue
    return np.array(cells, dtype=object)


def run_narrows(narrows, case, folder, options):
    """Exit status, what is said, CPU seconds."""
    output = "out" + case.output
    (folder / output).unlink(missing_ok=True)
    command = [narrows, "data", "convert", "--data", case.source, "-o", output, *case.options, *options]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
        status, said = done.returncode, done.stderr.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        status, said = None, "runs for more than 60 s"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def template(said):
    """A refusal without the names and numbers of its file, so that alike ones are counted together."""
    line = next((line for line in said.splitlines() if "error:" in line), said.strip().splitlines()[-1:] or "")
    line = "".join(line).partition("error:")[2].strip() or "".join(line)
    line = re.sub(r"`[^`]*`|\"[^\"]*\"|'[^']*'|\[[^\]]*\]", "…", line)
    line = re.sub(r"\b[\w/-]*\.(csv|tsv|txt|dat|data|npy|npz|parquet|png|jpe?g|tiff?|bmp|gif|webp|idx|gz|zip)\b", "FILE", line)
    return re.sub(r"-?\d[\d.,]*(e[+-]?\d+)?", "N", line)[:160]


def judge(narrows, case, folder, options, expected):
    """The verdict on one run, and why."""
    status, said, seconds = run_narrows(narrows, case, folder, options)
    size = sum(map(len, case.files.values()))
    if status not in (0, 2) or "panicked" in said or "RUST_BACKTRACE" in said:
        return "crash", f"exit {status}: {said.strip()[-300:]}"
    if seconds > SLOW + 4e-6 * size:
        return "slow", f"{seconds:.1f} s of CPU time"
    if status == 2:
        return ("refused", template(said)) if "error:" in said else ("crash", "exit 2 without a reason")
    try:
        got = read_output(folder / ("out" + case.output), case)
    except Exception as error:
        return "different", f"the output is not read: {error!r}"
    differences = [compare(case, truth, got) for truth in expected]
    return ("equal", "") if None in differences else ("different", " / ".join(differences))


def reference_of(case, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case.reference(folder)


def whole_table(table, case):
    """A reference's reading as if it were an output, to hold it against the truth."""
    if isinstance(table, Array):
        return table
    wanted = {column.name for column in case.truth.numbers()} | set(case.ids)
    places = [at for at, column in enumerate(case.truth.columns) if column.name in wanted and (column.is_number or column.name in case.ids)]
    columns = [table.columns[at] for at in places] if len(table.columns) == len(case.truth.columns) else table.columns
    kept = np.ones(table.rows, dtype=bool)
    if case.missing == "drop":
        for column in case.truth.numbers():
            if column.missing is not None:
                kept &= ~column.missing
    cut = [
        dataclasses.replace(c, values=c.values[kept], missing=None if c.missing is None else c.missing[kept])
        for c in columns
    ]
    for column in cut:
        if column.missing is not None and column.is_number:
            column.values = np.where(column.missing, column.values.dtype.type(0), column.values)
            column.missing = None
    return Table(cut, table.has_names)


def check(format_, seed, index, narrows, folder):
    """Whether Narrows reads a file as its generator wrote it."""
    folder = pathlib.Path(folder)
    empty(folder)
    case, _ = generate(format_, seed, index, folder)
    store(case, folder)
    outcome = lambda verdict, why="", used="": Outcome(format_, index, verdict, why, used, case.about)
    try:
        reading = reference_of(case, folder)
    except Exception as error:
        return outcome("unread", template(f"error: {type(error).__name__}: {error}"))
    try:
        difference = compare(case, case.truth, whole_table(reading, case))
    except Exception as error:
        difference = repr(error)
    if difference:
        return outcome("disagrees", difference)
    verdict, why = judge(narrows, case, folder, case.asked, [case.truth])
    used = " ".join(case.asked)
    if verdict == "refused" and case.fallback:
        said, extra = why, [word for word in with_fallback(case)]
        verdict, why = judge(narrows, case, folder, extra, [case.truth])
        used = " ".join(extra) + f" (without: {said})"
        if verdict == "refused":
            why, used = said, ""
    return outcome(verdict, why, used)


def with_fallback(case):
    """The asked options and the hints that do not repeat one."""
    given = dict(zip(case.asked[::2], case.asked[1::2]))
    pairs = zip(case.fallback[::2], case.fallback[1::2])
    return [*case.asked, *(word for name, value in pairs if name not in given for word in (name, value))]


def check_damaged(format_, seed, index, narrows, folder):
    """Whether Narrows refuses a damaged file, or reads what it held, or what the reference reads in it."""
    folder = pathlib.Path(folder)
    empty(folder)
    case, rng = generate(format_, seed, index, folder)
    case.files, how = damaged(rng, case.files)
    store(case, folder)
    expected = [case.truth]
    if not case.is_checked:
        try:
            expected.append(reference_of(case, folder))
        except Exception:
            pass
    verdict, why = judge(narrows, case, folder, case.asked, expected)
    if verdict == "different" and case.tolerance and len(expected) == 2 and "shape" not in why:
        # Without a checksum both decoders go on behind the damage, each in its own way.
        verdict = "garbled"
    return Outcome(format_, index, verdict, why if verdict != "different" else f"{how}: {why}", "", case.about)
