"""Differential tests: random files of every format, read by Narrows and by a reference.

    python scripts/differential.py --narrows target/release/narrows --format csv,parquet --files 10000

It exits with 0 where at least 98 % of the files that the reference reads are read with every value equal to what the
generator wrote, and none is read differently, crashes or takes longer than a second.
"""

import argparse
import collections
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from differential import fixtures, work  # noqa: E402

SHARE = 0.98
# How many files are kept for each reason of a refusal, and for each other verdict.
KEPT = {"refused": 3, "unread": 3, "disagrees": 10, "garbled": 10}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--narrows", default="target/release/narrows", help="the command to test")
    parser.add_argument("--format", default=",".join(work.GENERATORS), help="formats, with commas between them")
    parser.add_argument("--files", type=int, default=10000, help="files of each format")
    parser.add_argument("--damaged", type=int, default=0, help="damaged files of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first file, to try one again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work", default="target/differential", help="where files that fail are kept")
    parser.add_argument("--write-fixtures", metavar="DIR", help="write the small part for `cargo test`, and end")
    return parser.parse_args()


def task(job):
    check, format_, seed, index, narrows = job
    folder = os.path.join(task.folder, str(os.getpid()))
    run = work.check_damaged if check == "damaged" else work.check
    try:
        return run(format_, seed, index, narrows, folder)
    except Exception as error:
        import traceback

        return work.Outcome(format_, index, "generator", traceback.format_exc()[-600:] or repr(error))


def begin(folder):
    task.folder = folder


def keep(outcome, seed, kind, place):
    """Stores a file that failed, with what was found."""
    folder = place / f"{outcome.format}-{kind}" / outcome.verdict / str(outcome.index)
    work.empty(folder)
    case, rng = work.generate(outcome.format, seed, outcome.index, folder)
    if kind == "damaged":
        case.files, _ = work.damaged(rng, case.files)
    work.store(case, folder)
    lines = [outcome.why, outcome.about, f"--data {case.source} {' '.join(case.options)}", f"used: {outcome.used}"]
    lines += [f"asked: {' '.join(case.asked)}", f"may help: {' '.join(case.fallback)}"]
    (folder / "found.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_format(options, format_, kind, count, pool):
    """All files of a format; whether it passes."""
    jobs = [(kind, format_, options.seed, options.first + at, options.narrows) for at in range(count)]
    began, counts, why = time.time(), collections.Counter(), collections.defaultdict(collections.Counter)
    place = pathlib.Path(options.work)
    with_options, always = 0, 0
    for outcome in pool.imap_unordered(task, jobs, chunksize=20):
        counts[outcome.verdict] += 1
        if outcome.verdict == "equal":
            with_options += "(without:" in outcome.used
            always += bool(outcome.used) and "(without:" not in outcome.used
            continue
        reasons = why[outcome.verdict]
        reason = outcome.why if outcome.verdict == "refused" else work.template(outcome.why)
        reasons[reason] += 1
        limit = KEPT.get(outcome.verdict, 60)
        so_far = reasons[reason] if outcome.verdict == "refused" else counts[outcome.verdict]
        if so_far <= limit and outcome.verdict != "generator":
            keep(outcome, options.seed, kind, place)
    read = sum(counts[verdict] for verdict in ("equal", "refused", "different", "crash", "slow", "garbled"))
    share = counts["equal"] / read if read else 0
    bad = counts["different"] + counts["crash"] + counts["slow"] + counts["generator"]
    passes = bad == 0 and (kind == "damaged" or share >= SHARE)
    print(
        f"{format_:8} {kind:8} files {count}  counted {read}  equal {counts['equal']} ({share:.2%}, of them {always} open to"
        f" two readings and said, {with_options} with options after a refusal)  refused {counts['refused']}"
        f"  different {counts['different']}  garbled {counts['garbled']}  crash {counts['crash']}  slow {counts['slow']}"
        f"  reference: does not read {counts['unread']}, disagrees {counts['disagrees']}"
        f"  generator fails {counts['generator']}  {time.time() - began:.0f} s  {'passes' if passes else 'FAILS'}"
    )
    for verdict, reasons in sorted(why.items()):
        for reason, number in reasons.most_common(12):
            print(f"    {verdict} {number}: {reason}")
    sys.stdout.flush()
    return passes


def main():
    options = arguments()
    if options.write_fixtures:
        fixtures.write(pathlib.Path(options.write_fixtures))
        return 0
    options.narrows = os.path.abspath(options.narrows)
    passes = True
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("fork").Pool(options.jobs, begin, (folder,)) as pool:
            for format_ in options.format.split(","):
                passes &= run_format(options, format_, "whole", options.files, pool)
                if options.damaged:
                    passes &= run_format(options, format_, "damaged", options.damaged, pool)
    return 0 if passes else 1


if __name__ == "__main__":
    sys.exit(main())
