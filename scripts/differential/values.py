"""Random columns, as text cells and as numbers."""

import re

import numpy as np

WORDS = "amber birch cedar delta ember fjord grove heron iris jade kelp lotus maple north olive pearl quartz river".split()
UNICODE = ["größe", "naïve", "señal", "été", "Ångström", "温度", "ключ", "Straße"]
NAMES = "time speed height width depth mass load flow level rate count score angle x1 y2 sensor_3 p-4 t.out".split()
UNITS = ["s", "m/s", "°C", "kg", "mm", "V", "%", "Pa", "km/h", "A"]


def pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def chance(rng, share):
    return rng.random() < share


def distinct_names(rng, count, pool):
    """Names that differ, more than the pool has if need be."""
    order = rng.permutation(len(pool))
    names = [pool[i] for i in order[:count]]
    return names + [f"{pool[i % len(pool)]}_{i}" for i in range(len(names), count)]


def whole(rng, rows):
    """Whole numbers of one size, as canonical text."""
    high = pick(rng, [2, 10, 256, 1000, 100000, 2**31, 2**53, 2**63])
    low = 0 if chance(rng, 0.5) else -high
    return [str(value) for value in rng.integers(low, high, rows, dtype=np.int64).tolist()]


def unsigned(rng, rows):
    """Whole numbers that need all 64 bits."""
    return [str(value) for value in rng.integers(2**63, 2**64 - 1, rows, dtype=np.uint64).tolist()]


def near_limit(rng, rows):
    """Whole numbers that a float64 does not hold."""
    return [str(2**53 + value) for value in rng.integers(1, 2**40, rows).tolist()]


def fixed(rng, rows):
    """So many digits behind the point."""
    digits, size = int(rng.integers(1, 7)), pick(rng, [1, 10, 1000, 1e6])
    return [f"{value:.{digits}f}" for value in (rng.normal(size=rows) * size).tolist()]


def shortest(rng, rows):
    """The digits that name a float64, up to 17."""
    size = pick(rng, [1e-3, 1, 1e3, 1e12])
    return [repr(value) for value in (rng.normal(size=rows) * size).tolist()]


def exact(rng, rows):
    """17 significant digits."""
    return [f"{value:.17g}" for value in rng.normal(size=rows).tolist()]


def any_bits(rng, rows):
    """Any finite float64."""
    values = rng.integers(-(2**63), 2**63 - 1, rows, dtype=np.int64).view(np.float64)
    return [repr(value) if np.isfinite(value) else "1e-320" for value in values.tolist()]


def exponents(rng, rows):
    form = pick(rng, ["{:.3e}", "{:.6E}", "{:.10e}"])
    return [form.format(value) for value in (10 ** rng.uniform(-30, 30, rows)).tolist()]


def mixed(rng, rows):
    """Whole numbers and decimals."""
    return [pick(rng, [f"{v:.2f}", str(int(v))]) for v in (rng.normal(size=rows) * 500).tolist()]


def odd_forms(rng, rows):
    """+3, .5, 5., -0.0"""
    forms = ["+{:.1f}", ".{:.0f}", "{:.0f}.", "-0.0", "-.{:.0f}", "{:.0f}"]
    return [pick(rng, forms).format(v) for v in rng.integers(1, 99, rows).tolist()]


NUMBERS = [whole, whole, fixed, fixed, shortest, exact, exponents, mixed, near_limit, any_bits, odd_forms, unsigned]
# With a thousands separator only these are written.
GROUPED = [whole, fixed, mixed]
BOOLEANS = [("True", "False"), ("true", "false"), ("TRUE", "FALSE"), ("yes", "no"), ("Yes", "No")]


def value_of(text):
    """A canonical text as a number: an int, or the nearest float64."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def array_of(texts):
    """Canonical texts as one array: whole numbers, where all are and 64 bits hold them, or float64."""
    values = [value_of(text) for text in texts]
    if all(isinstance(value, int) for value in values):
        low, high = min(values), max(values)
        if -(2**63) <= low and high < 2**63:
            return np.array(values, dtype=np.int64)
        if low >= 0 and high < 2**64:
            return np.array(values, dtype=np.uint64)
    return np.array([float(text) for text in texts], dtype=np.float64)


def shown(text, decimal, thousands):
    """A canonical text with a decimal sign, and groups of three digits where there is a thousands separator."""
    if thousands and "e" not in text.lower():
        sign, digits, rest = re.fullmatch(r"([+-]?)(\d*)(.*)", text).groups()
        groups = []
        while len(digits) > 3:
            groups.insert(0, digits[-3:])
            digits = digits[:-3]
        # A lone point of the rest stays what it is until the decimal sign is put in.
        text = sign + "\0".join([digits, *groups]) + rest
    return text.replace(".", decimal).replace("\0", thousands or "")


def words(rng, rows):
    return [pick(rng, WORDS) for _ in range(rows)]


def sentences(rng, rows, extra):
    """Text of several words; `extra` are pieces that need quoting."""
    return [" ".join(pick(rng, WORDS + extra) for _ in range(int(rng.integers(1, 5)))) for _ in range(rows)]


def dates(rng, rows):
    form = pick(rng, ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"])
    stamps = np.datetime64("2020-01-01T00:00:00") + rng.integers(0, 10**8, rows).astype("timedelta64[s]")
    return [stamp.strftime(form) for stamp in stamps.tolist()]
