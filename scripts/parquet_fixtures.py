"""Makes crates/narrows/tests/fixtures/*.parquet and parquet/*.parquet: tables as pyarrow and pandas write them.

    python scripts/parquet_fixtures.py

The tests know the values.
"""

import base64
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption

FIXTURES = Path(__file__).parent.parent / "crates/narrows/tests/fixtures"


def decimals(precision, scale, texts):
    values = [None if text is None else Decimal(text) for text in texts]
    return pa.array(values, pa.decimal128(precision, scale))


table = pa.table(
    {
        "small": decimals(5, 2, ["1.25", "-0.05", "999.99"]),
        "middle": decimals(18, 3, ["1.5", "-123456789012345.678", "0"]),
        "large": decimals(38, 0, ["12345678901234567890123456789012345678", "-1", "7"]),
        "half": pa.array(np.array([0.5, -65504.0, 6e-8], np.float16)),
        "list": pa.array([[1, 2], [], [3]]),
        "when": pa.array([0, 1, 2], pa.timestamp("us")),
        "text": ["x", "y", "z"],
    }
)
for name, as_integer in [("numbers", False), ("numbers-as-integers", True)]:
    pq.write_table(
        table, FIXTURES / f"{name}.parquet", store_decimal_as_integer=as_integer, compression="none"
    )
pq.write_table(
    pa.table({"a": [1.0, 2.0, 3.0]}), FIXTURES / "brotli.parquet", compression="brotli"
)


# Tables for the tests of the reader: every type, in the forms that pyarrow and pandas give them.
FOLDER = FIXTURES / "parquet"
FOLDER.mkdir(exist_ok=True)


def write(name, columns, **options):
    """Writes a table whose pages have checksums."""
    table = columns if isinstance(columns, pa.Table) else pa.table(columns)
    options = {"write_page_checksum": True, "compression": "snappy"} | options
    pq.write_table(table, FOLDER / f"{name}.parquet", **options)


def types(unit):
    """Six rows; the third is missing."""
    return pa.table(
        {
            "flag": [True, False, None, True, False, True],
            "i8": pa.array([-128, 127, None, 0, 1, 2], pa.int8()),
            "i16": pa.array([-32768, 32767, None, 0, 1, 2], pa.int16()),
            "i32": pa.array([-(2**31), 2**31 - 1, None, 0, 1, 2], pa.int32()),
            "i64": pa.array([-(2**63), 2**63 - 1, None, 0, 1, 2], pa.int64()),
            "u8": pa.array([0, 255, None, 0, 1, 2], pa.uint8()),
            "u16": pa.array([0, 65535, None, 0, 1, 2], pa.uint16()),
            "u32": pa.array([0, 2**32 - 1, None, 0, 1, 2], pa.uint32()),
            "u64": pa.array([0, 2**64 - 1, None, 0, 1, 2], pa.uint64()),
            "f16": pa.array(np.array([0.5, -65504.0, np.nan, np.inf, 6e-8, -0.0], np.float16)),
            "f32": pa.array([0.1, 3.4e38, None, float("-inf"), float("nan"), 1.0], pa.float32()),
            "f64": pa.array([0.1, 1.7e308, None, float("inf"), float("nan"), -1e-300], pa.float64()),
            "d9": decimals(9, 2, ["1.25", "-0.05", None, "9999999.99", "0", "7"]),
            "d18": decimals(18, 3, ["1.5", "-123456789012345.678", None, "0", "1", "2"]),
            "d38": decimals(38, 37, ["0.1", "-1." + "3" * 37, None, "0", "1", "2"]),
            "d76": pa.array(
                [None if t is None else Decimal(t) for t in ["1" * 60 + ".5", "-0.1", None, "0", "1", "2"]],
                pa.decimal256(76, 2),
            ),
            "text": [" x ", "", None, "émile", "5", "x"],
            "bytes": pa.array([b"ab", b"\xff\x00", None, b"", b"c", b"d"], pa.binary()),
            "day": pa.array([0, -1, None, 19782, 11016, -719528], pa.date32()),
            "clock": pa.array([0, 86_399_999_999, None, 1, 2, 3], pa.time64("us")),
            "when": pa.array([0, -1, None, 1709164800123, 1, 2], pa.timestamp(unit)),
            "zoned": pa.array([0, -1, None, 1709164800123, 1, 2], pa.timestamp(unit, "UTC")),
            "span": pa.array([0, -1, None, 90061001, 1, 2], pa.duration(unit)),
            "category": pa.array(["x", "y", None, "x", "y", "x"]).dictionary_encode(),
            "number_category": pa.array([10, 20, None, 10, 20, 10]).dictionary_encode(),
            "nothing": pa.nulls(6),
            "point": pa.array(
                [{"x": 1.0, "y": 2}, {"x": None, "y": 3}, None] + [{"x": 4.0, "y": 5}] * 3,
                pa.struct([("x", pa.float64()), ("y", pa.int32())]),
            ),
        }
    )


write("types", types("ms"), row_group_size=4)
write("types-v2", types("ns"), data_page_version="2.0", compression="zstd")

vectors = [[1.5, 2.5, 3.5], [4.5, None, 6.5], None, [7.5, 8.5, 9.5]]
write(
    "lists",
    {
        "id": ["a", "b", "c", "d"],
        "list": pa.array(vectors, pa.list_(pa.float32())),
        "fixed": pa.array(vectors, pa.list_(pa.float64(), 3)),
        "large": pa.array([[1, 2], [3, 4], None, [5, 6]], pa.large_list(pa.int16())),
        "ragged": [[1], [2, 3], [], None],
        "words": [["a", "b"], ["c", "d"], None, ["e", "f"]],
        "nested": [[[1], [2, 3]], [[4]], None, []],
        "map": pa.array([[("k", 1)], [], None, [("l", 2), ("m", 3)]], pa.map_(pa.string(), pa.int64())),
        "inner": pa.array(
            [{"v": [1, 2]}, {"v": [3, 4]}, {"v": None}, None], pa.struct([("v", pa.list_(pa.int64()))])
        ),
        "pairs": [[{"a": 1}], [{"a": 2}], None, []],
    },
)

frame = pd.DataFrame({"a": [0.5, 1.5, 2.5]}, index=[3, 5, 7])
frame["took"] = pd.to_timedelta([60, 61, 62], unit="s")
frame["kind"] = pd.Categorical(["x", "y", "x"])
frame["n"] = pd.array([1, None, 3], dtype="Int64")
frame.to_parquet(FOLDER / "pandas.parquet")

times = pa.array([0, 1704067200123456789, None], pa.timestamp("ns"))
write("int96", {"when": times}, use_deprecated_int96_timestamps=True)

texts = ["prefix-%04d" % (i // 2) for i in range(300)]
write(
    "encodings",
    {
        "delta": pa.array([i * i for i in range(300)], pa.int64()),
        "lengths": texts,
        "prefixes": texts,
        "split": np.linspace(-1, 1, 300),
        "split32": np.linspace(-1, 1, 300, dtype=np.float32),
        "flags": [i % 3 == 0 for i in range(300)],
        "repeated": [i // 100 for i in range(300)],
    },
    use_dictionary=["repeated"],
    column_encoding={
        "delta": "DELTA_BINARY_PACKED",
        "lengths": "DELTA_LENGTH_BYTE_ARRAY",
        "prefixes": "DELTA_BYTE_ARRAY",
        "split": "BYTE_STREAM_SPLIT",
        "split32": "BYTE_STREAM_SPLIT",
        "flags": "RLE",
    },
    compression="zstd",
    data_page_size=512,
)
for codec in ["none", "gzip", "lz4"]:
    write(f"codec-{codec}", {"v": np.arange(200) / 8, "t": ["row"] * 200}, compression=codec)

# Decimals without digits behind the point, more of them than float64 holds; and a byte that holds 333, as no writer
# leaves it.
most = ["9" * 17, "-" + "9" * 17, None]
for as_integer in [False, True]:
    wholes = {"d18": decimals(18, 0, most), "d17": decimals(17, 0, most)}
    name = "whole-decimals" + ("-as-integers" if as_integer else "")
    write(name, wholes, store_decimal_as_integer=as_integer)
# Integers as Snowflake and Oracle write them, NUMBER(38,0), and decimals with more digits than float64 holds.
wide = {
    "signed": decimals(38, 0, ["9007199254740993", "-9007199254740992", None]),
    "unsigned": decimals(38, 0, ["18446744073709551615", "18446744073709551614", "0"]),
    "wider": decimals(38, 0, ["18446744073709551616", "-1", "0"]),
    "price": decimals(30, 2, ["1234567890123456.78", "0.01", None]),
    "small": decimals(38, 18, ["0.000000000000000001", "0", None]),
}
write("wide-decimals", wide)
write("wide-decimals-plain", wide, write_statistics=False)

# Lists of which only the last has another length, and numbers that are text.
uneven = [[1.0, 2.0]] * 1100 + [[1.0, 2.0, 3.0]]
write("uneven-lists", {"v": uneven, "w": [[0.0]] * 1101, "x": np.arange(1101) / 2}, compression="zstd")
write("numbers-as-text", {"t": ["1.5", "2.5"], "w": ["a", "2"], "v": [1.0, 2.0]})

write(
    "wrapped",
    {"byte": pa.array([1, 77], pa.int8())},
    use_dictionary=False,
    write_statistics=False,
    write_page_checksum=False,
    compression="none",
)
wrapped = FOLDER / "wrapped.parquet"
before, after = ((77).to_bytes(4, "little"), (333).to_bytes(4, "little"))
assert wrapped.read_bytes().count(before) == 1
wrapped.write_bytes(wrapped.read_bytes().replace(before, after))

# Small files that unpack to much: a row of five million values, and long texts that share their beginnings.
write("bomb-row", {"v": pa.array([[0] * 5_000_000], pa.list_(pa.int8()))}, compression="zstd")
write(
    "bomb-text",
    {"v": ["x" * (1 << 20)] * 40},
    compression="zstd",
    use_dictionary=False,
    column_encoding={"v": "DELTA_BYTE_ARRAY"},
)


class Kms(encryption.KmsClient):
    """Keeps keys as they are: nobody reads these files."""

    def __init__(self, config):
        super().__init__()

    def wrap_key(self, key, master):
        return base64.b64encode(key)

    def unwrap_key(self, wrapped, master):
        return base64.b64decode(wrapped)


for name, plaintext_footer in [("encrypted", False), ("encrypted-columns", True)]:
    properties = encryption.CryptoFactory(Kms).file_encryption_properties(
        encryption.KmsConnectionConfig(),
        encryption.EncryptionConfiguration(
            footer_key="f", column_keys={"c": ["v"]}, plaintext_footer=plaintext_footer
        ),
    )
    write(name, {"v": [1.0, 2.0]}, encryption_properties=properties)
