"""Two states of Narrows, each in a folder of its own, built with the release profile.

`same_bytes.py` and `benches/compare/run` use it. The user's tree and index stay as they are: a folder is filled from
a commit, and the working tree becomes a commit that no branch has.
"""

import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANES = "crates/narrows-kernels/src/lanes/mod.rs"
BEST = "pub fn best() -> Isa {\n"

# How the source calls each instruction set, fastest first, and the statement that makes `Isa::best` choose it.
KINDS = {
    "amx": "if amx::is_ready() { return Isa(Kind::Amx); }",
    "avx-512": "return Isa(Kind::Avx512);",
    "avx2": "return Isa(Kind::Avx2);",
    "portable": "return Isa(Kind::Portable);",
}


class Failed(Exception):
    """What ends a script, in one line and the last lines of what failed."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def git(*arguments, **options):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, **options)
    if done.returncode != 0:
        raise Failed(f"git {' '.join(arguments)}: {done.stderr.decode().strip()}")
    return done.stdout


def commit_of(name):
    """The full name of a commit."""
    return git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()


def working_tree():
    """A commit of the working tree, with files that git does not know yet and without those that it ignores."""
    with tempfile.TemporaryDirectory() as folder:
        index = os.environ | {"GIT_INDEX_FILE": f"{folder}/index"}
        git("read-tree", "HEAD", env=index)
        git("add", "--all", env=index)
        tree = git("write-tree", env=index).decode().strip()
    return git("commit-tree", tree, "-p", "HEAD", "-m", "the working tree").decode().strip()


def instruction_sets():
    """Those of this machine, fastest first."""
    flags = set()
    if platform.machine() == "x86_64":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = set(next((line for line in lines if line.startswith("flags")), "").split())
    needs = {
        "amx": {"avx2", "fma", "avx512f", "avx512bw", "amx_tile", "amx_bf16"},
        "avx-512": {"avx2", "fma", "avx512f"},
        "avx2": {"avx2", "fma"},
        "portable": set(),
    }
    return [isa for isa in KINDS if needs[isa] <= flags]


class State:
    """A commit in a folder of its own. Both states have one target folder beside theirs, so that what they depend on is
    built once."""

    def __init__(self, name, commit, folder):
        self.name = name
        self.commit = commit
        self.tree = git("rev-parse", f"{commit}^{{tree}}").decode().strip()
        self.folder = Path(folder)

    def text(self, path):
        """The text of a file of the commit."""
        return git("show", f"{self.commit}:{path}").decode()

    def has(self, words, path):
        """Whether a text is in the files below a path of the commit."""
        return subprocess.run(["git", "grep", "--quiet", "--fixed-strings", words, self.commit, "--", path],
                              cwd=ROOT).returncode == 0

    def command(self, isa=None):
        """The path of the command `narrows`."""
        return self.build(["build", "--release", "-p", "narrows-cli"], "narrows", isa)

    def bench(self):
        """The path of the benchmark of steps."""
        return self.build(["bench", "-p", "narrows", "--no-run", "--bench", "step"], "step")

    def build(self, arguments, name, isa=None):
        """Builds with cargo, with no other instruction set than `isa` if there is one; the path of the executable `name`,
        which may be there already."""
        path = self.folder / f"{name}-{self.tree[:12]}-{isa or 'any'}"
        if path.exists():
            return path
        say(f"building {name} of {self.name}" + (f" for {isa}" if isa else ""))
        self.fill(isa)
        environment = os.environ | {"CARGO_TARGET_DIR": str(self.folder.parent / "target")}
        command = ["cargo", *arguments, "--message-format=json-render-diagnostics"]
        done = subprocess.run(command, cwd=self.folder / "source", env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            last = "\n".join(done.stderr.splitlines()[-30:])
            raise Failed(f"{self.name} does not build:\n{last}")
        messages = map(json.loads, done.stdout.splitlines())
        made = [one["executable"] for one in messages if one.get("executable") and one["target"]["name"] == name]
        if not made:
            raise Failed(f"{self.name} has no executable `{name}`")
        # Whole at once, as whoever finds it takes it for built.
        shutil.copy2(made[-1], f"{path}.new")
        return Path(f"{path}.new").rename(path)

    def fill(self, isa=None):
        """Writes the files of the commit; those that are right already keep their time, so that cargo builds only what
        has changed. With `isa` the build has no other instruction set."""
        source = self.folder / "source"
        wanted = set()
        with tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", self.commit))) as archive:
            for member in archive:
                path = source / member.name
                if member.isdir():
                    continue
                wanted.add(path)
                if member.issym():
                    replace(path, path.is_symlink() and os.readlink(path) == member.linkname,
                            lambda path=path, member=member: path.symlink_to(member.linkname))
                    continue
                data = archive.extractfile(member).read()
                if isa and member.name == LANES:
                    data = pinned(data.decode(), isa).encode()
                is_right = path.is_file() and not path.is_symlink() and path.read_bytes() == data
                replace(path, is_right, lambda path=path, data=data: path.write_bytes(data))
                path.chmod(member.mode)
        for path in source.rglob("*"):
            if path not in wanted and (path.is_symlink() or path.is_file()):
                path.unlink()


def replace(path, is_right, write):
    if is_right:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    write()


def pinned(source, isa):
    """The source of the instruction sets, where the best is this one."""
    if source.count(BEST) != 1:
        raise Failed(f"{LANES} has not the one line `{BEST.strip()}` that is to be changed")
    return source.replace(BEST, f"{BEST}        {KINDS[isa]}\n")
