"""A model file as an older Narrows wrote it, and what that Narrows made of some rows with it.

    python scripts/older_model.py NARROWS VERSION

NARROWS is the older command, VERSION the format version that it writes. The table has two columns of measurements, one
of seconds since 1970, and two missing cells, which training fills; the model has a threshold.
"""

import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

RECIPE = """\
name = "older"
encoder = [{ layer = "dense", outputs = 4 }, { layer = "tanh" }, { layer = "dense", outputs = 2 }]
decoder = [{ layer = "dense", outputs = 4 }, { layer = "tanh" }, { layer = "dense" }]

[training]
epochs = 20
batch_size = 8
seed = 3
"""

FIXTURES = Path(__file__).parent.parent / "crates/narrows/tests/fixtures"


def table() -> list[list[str]]:
    draws = random.Random(5)
    rows = [["height", "width", "when"]]
    for index in range(60):
        height = round(100 + 20 * draws.random(), 2)
        width = round(height * 0.3 + draws.random(), 3)
        row = [str(height), str(width), str(1_700_000_000 + 137 * index)]
        if index in (7, 31):
            row[index % 2] = ""
        rows.append(row)
    return rows


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def main(command: str, version: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def narrows(*arguments: object) -> None:
            subprocess.run([command, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

        rows = table()
        data, some, run = folder / "table.csv", folder / "some.csv", folder / "run"
        write(data, rows)
        write(some, rows[:8])
        (folder / "recipe.toml").write_text(RECIPE)
        narrows("train", folder / "recipe.toml", "--data", data, "--missing", "mean", "--validation", "0.1", "--out", run)
        narrows("calibrate", run, "--data", data, "--quantile", "0.9")
        outputs = {}
        for output in ("encode", "reconstruct", "score"):
            narrows(output, run, "--data", some, "-o", folder / f"{output}.npy")
            outputs[output] = np.load(folder / f"{output}.npy")
        narrows("decode", run, "--data", folder / "encode.npy", "-o", folder / "decode.npy")
        outputs["decode"] = np.load(folder / "decode.npy")
        outputs["rows"] = np.array([[float(cell) for cell in row] for row in rows[1:8]])
        about = {"made_by": "scripts/older_model.py", "seconds": "beyond float32: the older Narrows rounded them first"}
        model = (run / "model.safetensors").read_bytes()
        (FIXTURES / f"model-v{version}.safetensors").write_bytes(model)
        save_file(outputs, FIXTURES / f"model-v{version}-expected.safetensors", {"about": json.dumps(about)})


main(*sys.argv[1:])
