"""What the measurements need: a virtual environment with the peers, Narrows built, data written; and what
the machine is."""

import datetime
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "peers"
PYTHON = WORK / "venv" / "bin" / "python"
PACKAGES = {"PyTorch": ("torch",), "JAX": ("jax", "optax"), "ONNX Runtime": ("onnxruntime", "onnx"),
            "pandas": ("pandas", "torch"), "pyarrow": ("pyarrow", "torch")}
TABLE_ROWS = 20_000


@dataclass
class Environment:
    narrows: str
    step_bench: str
    rows_bench: str
    versions: dict

    def has(self, peer):
        return all(package in self.versions for package in PACKAGES[peer])


def prepare():
    install_peers()
    versions = installed_versions()
    for peer, packages in PACKAGES.items():
        missing = [package for package in packages if package not in versions]
        if missing:
            say(f"{peer} is left out: {', '.join(missing)} could not be installed")
    say("building Narrows")
    narrows = built(["build", "--release", "-p", "narrows-cli"], "narrows")
    benches = ["bench", "-p", "narrows", "--no-run", "--bench"]
    environment = Environment(narrows, built([*benches, "step"], "step"), built([*benches, "rows"], "rows"), versions)
    write_data(narrows)
    return environment


def install_peers():
    """Line by line if not all at once, so that what can be had is there."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
    say("installing the peers")
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    requirements = HERE / "requirements.txt"
    if subprocess.run([*pip, "-r", requirements]).returncode == 0:
        return
    for line in requirements.read_text().splitlines():
        if line and not line.startswith("#"):
            subprocess.run([*pip, line])


def installed_versions():
    listed = subprocess.run([PYTHON, "-m", "pip", "list", "--format=json"], check=True, capture_output=True)
    return {package["name"]: package["version"] for package in json.loads(listed.stdout)}


def built(arguments, name):
    """Builds with cargo; the path of the executable `name`."""
    command = ["cargo", *arguments, "--message-format=json"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    messages = map(json.loads, output.stdout.splitlines())
    made = [one["executable"] for one in messages if one.get("executable") and one["target"]["name"] == name]
    return made[-1]


def data_path(ending):
    return str(WORK / "data" / f"mnist.{ending}")


def write_data(narrows):
    """MNIST's training images as an array, and the first of them as tables."""
    (WORK / "data").mkdir(parents=True, exist_ok=True)
    tables = ["--rows", str(TABLE_ROWS)]
    for ending, options in (("npy", []), ("csv", tables), ("parquet", tables)):
        if not Path(data_path(ending)).exists():
            convert = [narrows, "data", "convert", "--data", "mnist:train", *options, "-o", data_path(ending)]
            subprocess.run(convert, check=True, stdout=subprocess.DEVNULL)


def machine(versions):
    """Lines that describe what was measured, and on what."""
    cpu = json.loads(subprocess.run(["lscpu", "--json"], check=True, capture_output=True).stdout)["lscpu"]
    fields = {entry["field"].rstrip(":"): entry["data"] for entry in cpu}
    caches = ", ".join(f"{level} {fields[f'{level} cache']}" for level in ("L1d", "L2", "L3") if f"{level} cache" in fields)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    named = ("torch", "jax", "optax", "onnxruntime", "pandas", "pyarrow", "numpy")
    packages = ", ".join(f"{name} {versions[name]}" for name in named if name in versions)
    family = f"family {fields.get('CPU family', '?')}, model {fields.get('Model', '?')}"
    return [
        f"{fields.get('Model name', platform.machine())} ({family}), {os.cpu_count()} cores; {caches}; {memory:.0f} GiB",
        f"Linux {platform.release()}, rustc {rustc}, Python {platform.python_version()}, {packages}",
        f"{datetime.date.today().isoformat()}",
    ]


def say(text):
    print(text, file=sys.stderr, flush=True)
