"""The results as Markdown, and their place in docs/PERFORMANCE.md."""

import statistics

from configurations import TARGETS
from environment import ROOT
from measure import NARROWS

FILE = ROOT / "docs" / "PERFORMANCE.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
# With as few steps as these the seed alone moves one program's loss by that much to either side.
TOLERANCE = 0.10


def aligned(header, rows):
    """A Markdown table whose source is aligned too; all but the first column to the right."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    align = lambda line: [
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(line, widths))]
    rule = ["-" * (width - (column > 0)) + ":" * (column > 0) for column, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (align(header), rule, *map(align, rows)))


def time_text(seconds):
    if seconds is None:
        return "-"
    if seconds < 0.1:
        return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def share_text(share):
    return "-" if share is None else f"{share:.0%}"


def best_ratio(result):
    """Narrows' time by that of the best peer."""
    return f"{max(map(result.ratio, result.peers)):.2f}" if result.peers else "-"


def times_table(title, results, with_rate):
    names = list(dict.fromkeys(name for result in results for name in result.seconds))
    header = [title, *names, "of best peer", *(["of FMA rate"] if with_rate else [])]
    rows = []
    for result in results:
        times = [time_text(result.seconds.get(name)) for name in names]
        rows.append([result.title, *times, best_ratio(result), *([share_text(result.of_rate)] if with_rate else [])])
    return aligned(header, rows)


def loss_deviation(result):
    """The largest distance of a program's loss from the median of all, by that."""
    middle = statistics.median(result.losses.values())
    return max(abs(loss / middle - 1) for loss in result.losses.values())


def losses_table(results):
    names = list(dict.fromkeys(name for result in results for name in result.losses))
    rows = []
    for result in results:
        deviation = loss_deviation(result)
        losses = [f"{result.losses[name]:.4f}" if name in result.losses else "-" for name in names]
        rows.append([result.title, *losses, f"{deviation:.1%}", "yes" if deviation <= TOLERANCE else "NO"])
    return aligned(["loss after training", *names, "apart by", f"within {TOLERANCE:.0%}"], rows)


def targets_table(results):
    by_key = {result.key: result for result in results}
    rows = []
    for target in TARGETS:
        result = by_key[target.key]
        if target.peer not in result.seconds:
            rows.append([result.title, target.peer, f"{target.ratio:.2f}", "-", "-", "-", "not measured"])
            continue
        ratio = result.ratio(target.peer)
        by_ratio = ratio <= target.ratio
        by_rate = bool(target.of_rate) and result.of_rate >= target.of_rate
        verdict = {(True, True): "met by both", (True, False): "met by ratio", (False, True): "met by rate"}
        least = share_text(target.of_rate) if target.of_rate else "-"
        reached = share_text(result.of_rate) if target.of_rate else "-"
        rows.append([result.title, target.peer, f"{target.ratio:.2f}", f"{ratio:.2f}", least, reached,
                     verdict.get((by_ratio, by_rate), "missed")])
    return aligned(["target", "peer", "ratio ≤", "is", "of rate ≥", "is", ""], rows)


def block(machine, rounds, steps, encoding, reading, commands):
    rate = statistics.median(result.rate for result in steps)
    return "\n\n".join([
        "\n".join(f"- {line}" for line in machine)
        + f"\n- medians of {rounds} rounds; {rate / 1e9:.0f} GFLOP/s of float32 multiply-add on all cores",
        times_table("a training step", steps, with_rate=True),
        times_table("60,000 images", [encoding], with_rate=True),
        times_table("file to memory", reading, with_rate=False),
        times_table("whole command", commands, with_rate=False),
        losses_table(steps),
        targets_table([*steps, encoding, *reading, *commands]),
    ])


def write(text):
    """Puts the block between its markers; the text around it stays."""
    before, rest = FILE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    FILE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
