"""Runs Narrows and its peers in turn, and keeps the medians."""

import json
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass

from configurations import CONFIGURATIONS
from environment import HERE, PYTHON, data_path, say

NARROWS = "Narrows"
SCRIPT_EPOCHS = 10


@dataclass
class Result:
    """Medians by program; seconds, and where there are some the losses and the multiply-add rate."""

    key: str
    title: str
    seconds: dict
    losses: dict
    operations: float
    rate: float

    @property
    def peers(self):
        return {name: seconds for name, seconds in self.seconds.items() if name != NARROWS}

    def ratio(self, peer):
        return self.seconds[NARROWS] / self.seconds[peer]

    @property
    def of_rate(self):
        return self.operations / self.seconds[NARROWS] / self.rate if self.operations else None


def record_of(command):
    output = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    record = json.loads(output.stdout.splitlines()[-1])
    if "ns_per_step" in record:
        record["seconds"] = record["ns_per_step"] * 1e-9
    return record


def alternating(key, title, programs, rounds, operations=None, rate=None):
    """Runs each program once a round, after the other; a program gives a record for the round's number."""
    records = defaultdict(list)
    for number in range(rounds):
        for name, program in programs.items():
            records[name].append(program(number))
    median = lambda name, value: statistics.median(record[value] for record in records[name])
    seconds = {name: median(name, "seconds") for name in programs}
    losses = {name: median(name, "loss") for name in programs if "loss" in records[name][0]}
    ours = records[NARROWS][0]
    if "rate" in ours:
        operations, rate = ours["operations"], median(NARROWS, "rate")
    say(f"{title}: " + ", ".join(f"{name} {value:.3g} s" for name, value in seconds.items()))
    return Result(key, title, seconds, losses, operations, rate)


def steps(environment, rounds):
    peers = {"PyTorch": "torch_peer.py", "JAX": "jax_peer.py"}
    for one in CONFIGURATIONS:
        programs = {NARROWS: lambda seed: record_of([environment.step_bench, "--json", one.key, one.steps, seed])}
        for peer, file in peers.items():
            if environment.has(peer):
                programs[peer] = lambda seed, file=file: record_of(
                    [PYTHON, HERE / file, "steps", one.key, one.steps, seed, data_path("npy")])
        yield alternating(one.key, one.title, programs, rounds)


def encoding(environment, rounds, rate):
    peers = {"PyTorch": "torch_peer.py", "JAX": "jax_peer.py", "ONNX Runtime": "onnx_peer.py"}
    programs = {NARROWS: lambda _: record_of([environment.rows_bench, "--json", "encode"])}
    for peer, file in peers.items():
        if environment.has(peer):
            programs[peer] = lambda _, file=file: record_of([PYTHON, HERE / file, "encode", data_path("npy")])
    weights = sum(a * b for a, b in zip(CONFIGURATIONS[0].widths, CONFIGURATIONS[0].codes))
    return alternating("encode", "encode 60,000 images", programs, rounds, 2 * 60_000 * weights, rate)


def reading(environment, rounds):
    for ending, title in (("csv", "CSV"), ("parquet", "Parquet")):
        path = data_path(ending)
        programs = {NARROWS: lambda _: record_of([environment.rows_bench, "--json", "read", path])}
        for peer in ("pandas", "pyarrow"):
            if environment.has(peer):
                programs[peer] = lambda _, peer=peer: record_of([PYTHON, HERE / "read_peer.py", peer, path])
        yield alternating(f"read-{ending}", f"read {title}, 20,000 × 784", programs, rounds)


def whole_commands(environment, rounds):
    """The command from start to end, against the script's epochs alone: one, times ten."""

    def command(recipe):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            train = [environment.narrows, "train", recipe, "--out", f"{folder}/run"]
            subprocess.run(train, check=True, capture_output=True)
            return {"seconds": time.perf_counter() - start}

    def script(recipe):
        record = record_of([PYTHON, HERE / "plain_script.py", recipe, data_path("npy")])
        return {"seconds": record["seconds"] * SCRIPT_EPOCHS}

    for key, recipe in (("command", "simple-linear"), ("command-vae", "vae")):
        programs = {NARROWS: lambda _, recipe=recipe: command(recipe)}
        if environment.has("PyTorch") and "pillow" in environment.versions:
            programs["PyTorch"] = lambda _, recipe=recipe: script(recipe)
        yield alternating(key, f"train {recipe}", programs, rounds)
