"""NPY, NPZ and IDX."""

import gzip
import io
import struct

import numpy as np

from .truth import Array, Case
from .values import chance, pick

TYPES = ["u1", "u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f4", "f8", "f8", "b1"]


def shape_of(rng, large):
    """Rows of 1 to 3 dimensions; rarely numbers alone, a row of one value each."""
    rows = int(rng.integers(1, 30))
    kind = rng.random()
    if large:
        return (100000, 9)
    if kind < 0.01:
        return (rows,)
    if kind < 0.5:
        return (rows, int(rng.integers(1, 20)))
    if kind < 0.7:
        return (rows, int(rng.integers(2, 9)), int(rng.integers(2, 9)))
    sides = (int(rng.integers(4, 9)), int(rng.integers(4, 9)))
    channels = pick(rng, [1, 3])
    return (rows, channels, *sides) if kind < 0.85 else (rows, *sides, channels)


def values_of(rng, kind, shape):
    """Values of a type, from all of its finite range or a common one."""
    dtype = np.dtype(kind)
    if dtype.kind == "b":
        return rng.random(shape) < 0.5
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        small = chance(rng, 0.4)
        low, high = (max(info.min, -9), 9) if small else (info.min, info.max)
        return rng.integers(low, high, shape, dtype=dtype, endpoint=True)
    if chance(rng, 0.3):
        bits = rng.integers(0, 256, (*shape, dtype.itemsize), dtype=np.uint8).view(dtype).reshape(shape)
        return np.where(np.isfinite(bits), bits, dtype.type(0.5)).astype(dtype)
    return rng.normal(size=shape).astype(dtype)


def as_rows(array):
    """`[rows, values]`, or `[rows, channels, height, width]` of an array whose channels stand last."""
    if array.ndim == 4 and array.shape[3] in (1, 3) and min(array.shape[1:3]) > array.shape[3]:
        array = array.transpose(0, 3, 1, 2)
    return Array(np.ascontiguousarray(array).reshape(len(array), -1))


def layout_of(array):
    """What a person has to say of images with 4 rows of pixels, which could be 4 channels."""
    is_last = array.ndim == 4 and array.shape[3] in (1, 3) and array.shape[1] == 4
    return ["--layout", "channels-last"] if is_last else []


def random_array(rng, large):
    array = values_of(rng, pick(rng, TYPES), shape_of(rng, large))
    gaps = None
    if array.dtype.kind == "f" and chance(rng, 0.1) and array.size > 3:
        array.ravel()[rng.integers(0, array.size, 2)] = np.nan
        gaps = ["--missing", "zero"]
    if array.dtype.itemsize > 1 and chance(rng, 0.3):
        array = array.astype(array.dtype.newbyteorder(">"))
    if chance(rng, 0.3):
        array = np.asfortranarray(array)
    return array, gaps


def npy(rng, large):
    array, gaps = random_array(rng, large)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=pick(rng, [(1, 0), (1, 0), (2, 0), (3, 0)]))
    return Case(
        files={"array.npy": buffer.getvalue()},
        source="array.npy",
        truth=as_rows(array),
        reference=lambda folder: as_rows(np.load(folder / "array.npy")),
        output=".npy",
        options=gaps or [],
        fallback=layout_of(array),
        about=f"{array.dtype} {array.shape} {'F' if array.flags.f_contiguous else 'C'}",
    )


PAIRS = [("x_train", "x_test"), ("X_train", "X_test"), ("train_images", "test_images")]
LABELS = {"x_train": "y_train", "X_train": "y_train", "train_images": "train_labels"}


def npz(rng, large):
    """One array, one among others, or parts of a set with labels."""
    array, gaps = random_array(rng, large)
    shape = rng.random()
    members, source, wanted = {}, "arrays.npz", "x"
    labels = rng.integers(0, 5, len(array))
    if shape < 0.4:
        wanted = pick(rng, ["x", "arr_0", "data", "X"])
        members[wanted] = array
        if chance(rng, 0.4):
            members["y"] = np.array(["cat", "dog", "eel", "fox", "gnu"])[labels] if chance(rng, 0.4) else labels
    elif shape < 0.6:
        wanted = pick(rng, ["first", "second"])
        members = {"first": array if wanted == "first" else labels[:, None], "second": array}
        members["second" if wanted == "first" else "first"] = rng.normal(size=(3, 4))
        source += ":" + wanted
    else:
        train, test = pick(rng, PAIRS)
        part = pick(rng, ["train", "test"])
        wanted = train if part == "train" else test
        members = {train: array, test: array[::-1].copy()}
        if chance(rng, 0.7):
            name = LABELS[train]
            members[name], members[name.replace("train", "test")] = labels, labels[::-1].copy()
        source += ":" + part
    buffer = io.BytesIO()
    (np.savez_compressed if chance(rng, 0.5) else np.savez)(buffer, **members)
    truth = as_rows(members[wanted])

    def reference(folder):
        with np.load(folder / "arrays.npz") as file:
            return as_rows(file[wanted])

    return Case(
        files={"arrays.npz": buffer.getvalue()},
        source=source,
        truth=truth,
        reference=reference,
        output=".npy",
        options=gaps or [],
        fallback=layout_of(array),
        is_checked=True,
        about=f"{sorted(members)} {array.dtype} {array.shape}",
    )


IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def idx_array(path):
    """How a plain reader of IDX reads a file."""
    with open(path, "rb") as file:
        content = file.read()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    if content[:2] != b"\0\0":
        raise ValueError("no IDX file")
    shape = struct.unpack_from(f">{content[3]}I", content, 4)
    values = np.frombuffer(content, IDX_TYPES[content[2]], offset=4 + 4 * content[3])
    return values.reshape(shape)


def idx(rng, large):
    code = pick(rng, [8, 8, 8, *IDX_TYPES])
    rows = int(rng.integers(1, 30))
    sides = (int(rng.integers(2, 9)), int(rng.integers(2, 9)))
    shape = pick(rng, [(rows, sides[0]), (rows, *sides), (rows, *sides), (rows, 3, *sides)])
    if large:
        shape = (2000, 28, 28)
    array = values_of(rng, IDX_TYPES[code][1:], shape).astype(IDX_TYPES[code])
    content = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *shape) + array.tobytes()
    name = pick(rng, ["train-images-idx3-ubyte", "t10k-images.idx3-ubyte", "images.idx", "rows-idx2"])
    packed = chance(rng, 0.3)
    if packed:
        name, content = name + ".gz", gzip.compress(content, mtime=0)
    rows_of = lambda a: Array(np.ascontiguousarray(a).reshape(len(a), -1))
    return Case(
        files={name: content},
        source=name,
        truth=rows_of(array),
        reference=lambda folder: rows_of(idx_array(folder / name)),
        output=".npy",
        is_checked=packed,
        about=f"{array.dtype} {array.shape}",
    )
