"""How the peers' programs time themselves, and say what they found."""

import json
import statistics
import time

REPEATS = 7


def steps_record(run, count):
    """Runs `count` steps twice: the first run gives the loss over its last fifth, the second the time."""
    losses = run()
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    return {"ns_per_step": seconds * 1e9 / count, "loss": statistics.mean(losses[-(count // 5):])}


def median_seconds(work):
    """Of several runs after a first one."""
    work()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def print_record(record):
    print(json.dumps(record))
