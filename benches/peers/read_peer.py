"""A table's file to an array of float32 in memory, but for its labels. read_peer.py LIBRARY FILE"""

import sys

import numpy
import pandas
import pyarrow.csv
import pyarrow.parquet
import torch

from timing import median_seconds, print_record


def with_pandas(path):
    table = pandas.read_parquet(path) if path.endswith(".parquet") else pandas.read_csv(path)
    return torch.from_numpy(table.drop(columns="label").to_numpy(numpy.float32))


def with_pyarrow(path):
    table = pyarrow.parquet.read_table(path) if path.endswith(".parquet") else pyarrow.csv.read_csv(path)
    columns = [column.to_numpy() for column in table.drop_columns("label").columns]
    rows = numpy.empty((table.num_rows, len(columns)), numpy.float32)
    for place, column in enumerate(columns):
        rows[:, place] = column
    return torch.from_numpy(rows)


if __name__ == "__main__":
    read = {"pandas": with_pandas, "pyarrow": with_pyarrow}[sys.argv[1]]
    print_record({"seconds": median_seconds(lambda: read(sys.argv[2]))})
