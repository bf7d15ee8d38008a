#!/usr/bin/env python3
"""Proves that a change of structure changes no number: two states of Narrows train every recipe, and the tensors of
the two models are compared bit for bit.

    python scripts/same_bytes.py OLD          # a commit, and the working tree
    python scripts/same_bytes.py OLD NEW      # two commits

It trains on each instruction set of this machine, on 1 and on 2 threads. A command without `--isa` is built once for
each instruction set, from a source in which `Isa::best` is changed. README.md beside this file says more.
"""

import argparse
import csv
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from builds import Failed, KINDS, ROOT, State, commit_of, instruction_sets, say, working_tree

# Recipes for a table of one's own. All others train on MNIST, which is built in.
OF_TABLES = {"table"}
# The safetensors types that a model may hold, as numpy calls them.
TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U32": "<u4", "U8": "|u1"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", help="the commit to compare with")
    parser.add_argument("new", nargs="?", help="another commit (default: the working tree)")
    parser.add_argument("--recipes", metavar="A,B,…", help="recipes and variants (default: all that are shipped)")
    parser.add_argument("--isa", metavar="A,B,…", help=f"of {', '.join(KINDS)} (default: all of this machine)")
    parser.add_argument("--threads", metavar="N,M,…", default="1,2", help="numbers of threads (default %(default)s)")
    parser.add_argument("--rows", type=int, help="train on the first so many images only, for a quick look")
    parser.add_argument("--epochs", type=int, default=1, help="(default %(default)s)")
    parser.add_argument("--work", type=Path, default=ROOT / "target" / "same-bytes", help="the folder for builds")
    parser.add_argument("--reuse", action="store_true",
                        help="go on with the builds in the work folder, and with the models that OLD made there")
    return parser.parse_args()


@dataclass(frozen=True)
class Case:
    """A recipe, and how it is trained."""

    recipe: str
    isa: str
    threads: int
    epochs: int
    rows: int | None

    def file(self):
        words = [self.recipe.replace(":", "+"), self.isa, f"{self.threads}-threads", f"{self.epochs}-epochs"]
        return "-".join([*words, f"{self.rows or 'all'}-rows"]) + ".safetensors"


class Side:
    """One of the two states: how it trains, and the models that it made."""

    def __init__(self, state, work):
        self.state = state
        self.models = work / "models" / state.tree
        self.models.mkdir(parents=True, exist_ok=True)
        self.has_isa = state.has("NARROWS_ISA", "crates/narrows-cli/src")

    def command(self, isa):
        """The command that computes with this instruction set, and its arguments for that."""
        if self.has_isa:
            return self.state.command(), ["--isa", isa]
        return self.state.command(isa), []

    def model(self, case, data):
        """The path of the model that a case gives."""
        path = self.models / case.file()
        if path.exists():
            return path
        narrows, pinned = self.command(case.isa)
        with tempfile.TemporaryDirectory(dir=self.models) as folder:
            train = [narrows, "train", case.recipe, "--epochs", case.epochs, "--threads", case.threads,
                     "--test", "none", "--json", "--out", f"{folder}/run", *pinned, *data]
            done = subprocess.run([str(part) for part in train], capture_output=True, text=True)
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise Failed(f"{self.state.name} fails: {last}")
            Path(folder, "run", "model.safetensors").replace(path)
        return path


def recipes_of(narrows):
    """The shipped recipes and their variants."""
    text = subprocess.run([narrows, "recipes"], check=True, capture_output=True, text=True).stdout
    names = []
    for line in text.splitlines():
        recipe = re.match(r" {2}([a-z0-9-]+) ", line)
        variants = re.match(r" +also (\S.*)$", line)
        if recipe:
            names.append(recipe[1])
        elif variants:
            names.extend(variants[1].split(", "))
    if not names:
        raise Failed(f"`{narrows} recipes` lists nothing that this script understands")
    return names


def write_table(path):
    """A table of 2,000 rows whose columns follow from three numbers each, with noise; some cells are missing."""
    draw = np.random.Generator(np.random.PCG64(16))
    hidden = draw.standard_normal((2000, 3))
    values = np.tanh(hidden @ draw.standard_normal((3, 8))) + 0.05 * draw.standard_normal((2000, 8))
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([f"x{column}" for column in range(8)])
        for row in values:
            writer.writerow(["" if draw.random() < 0.01 else f"{value:.4f}" for value in row])


def write_images(path, rows, narrows):
    """The first training images of MNIST."""
    convert = [narrows, "data", "convert", "--data", "mnist:train", "--rows", str(rows), "-o", str(path)]
    subprocess.run(convert, check=True, capture_output=True)


def tensors(path):
    """The tensors of a model file, by name."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    found = {}
    for name, about in header.items():
        start, end = about["data_offsets"]
        found[name] = np.frombuffer(data[8 + size + start:8 + size + end], TYPES[about["dtype"]]).reshape(about["shape"])
    return found


def verdict(old, new):
    """Whether two models have the same tensors, and in what they differ."""
    if old.keys() != new.keys():
        return False, f"different tensors: {', '.join(sorted(old.keys() ^ new.keys()))}"
    count = differing = 0
    largest = 0.0
    for name, a in old.items():
        b = new[name]
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            return False, f"different: `{name}` was {a.dtype} {list(a.shape)}, is {b.dtype} {list(b.shape)}"
        bits = f"u{a.dtype.itemsize}"
        where = np.atleast_1d(a).view(bits) != np.atleast_1d(b).view(bits)
        count += a.size
        differing += int(where.sum())
        if where.any():
            apart = np.abs(np.atleast_1d(a)[where].astype(np.float64) - np.atleast_1d(b)[where].astype(np.float64))
            largest = max(largest, float(apart.max()))
    if differing:
        return False, f"different: {differing:,} of {count:,} values, at most {largest:.3g} apart"
    return True, f"same {count:,} values"


def main():
    given = arguments()
    isas = given.isa.lower().split(",") if given.isa else instruction_sets()
    lacking = [isa for isa in isas if isa not in instruction_sets()]
    if lacking:
        raise Failed(f"this machine has {', '.join(instruction_sets())}, and not {', '.join(lacking)}")
    if not given.reuse:
        shutil.rmtree(given.work, ignore_errors=True)
    commits = {"old": commit_of(given.old), "new": commit_of(given.new) if given.new else working_tree()}
    sides = [Side(State(name, commit, given.work / name), given.work) for name, commit in commits.items()]
    before, after = (recipes_of(side.command(isas[0])[0]) for side in sides)
    for name in sorted(set(after) - set(before)):
        say(f"{name} is new, and is not compared")
    recipes = given.recipes.split(",") if given.recipes else before
    table = given.work / "table.csv"
    write_table(table)
    of_images = []
    if given.rows:
        images = given.work / "mnist.npy"
        write_images(images, given.rows, sides[0].command(isas[0])[0])
        of_images = ["--data", images]
    width = max(len("recipe"), *(len(recipe) for recipe in recipes))
    print(f"{'recipe':<{width}}  {'isa':<8}  threads  old and new")
    all_same = True
    for isa in isas:
        for recipe in recipes:
            is_of_tables = recipe.split(":")[0] in OF_TABLES
            data = ["--data", table, "--missing", "mean"] if is_of_tables else of_images
            for threads in given.threads.split(","):
                case = Case(recipe, isa, int(threads), given.epochs, given.rows)
                try:
                    old, new = (tensors(side.model(case, data)) for side in sides)
                    is_same, text = verdict(old, new)
                except Failed as failed:
                    is_same, text = False, str(failed)
                all_same &= is_same
                print(f"{recipe:<{width}}  {isa:<8}  {threads:>7}  {text}", flush=True)
    sys.exit(0 if all_same else 1)


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(f"same_bytes.py: {failed}")
