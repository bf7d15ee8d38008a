"""Makes crates/narrows/tests/fixtures/*.parquet: tables as pyarrow writes them.

    python scripts/parquet_fixtures.py

Each has the same three rows; the test knows the values.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

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
