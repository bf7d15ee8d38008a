"""Damage as disks, networks and editors do it."""


def damaged(rng, files):
    """One of the files with flipped bits, cut short, or with bytes put in, and what was done."""
    name = list(files)[int(rng.integers(len(files)))]
    content = bytearray(files[name])
    how = ["flip", "flip", "flips", "cut", "insert", "remove", "zeros"][int(rng.integers(7))]
    at = int(rng.integers(max(1, len(content))))
    if how in ("flip", "flips") and content:
        for _ in range(1 if how == "flip" else int(rng.integers(2, 9))):
            content[at] ^= 1 << int(rng.integers(8))
            at = int(rng.integers(len(content)))
    elif how == "cut":
        del content[at:]
    elif how == "insert":
        content[at:at] = rng.integers(0, 256, int(rng.integers(1, 9)), dtype="u1").tobytes()
    elif how == "remove":
        del content[at : at + int(rng.integers(1, 9))]
    else:
        length = min(len(content) - at, int(rng.integers(1, 17)))
        content[at : at + length] = bytes(length)
    return {**files, name: bytes(content)}, f"{how} in {name}"
