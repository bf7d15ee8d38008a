"""Runs an ONNX file that Narrows exported in ONNX Runtime, and compares codes, reconstructions and scores
there with those that Narrows gave. README.md beside this file says how to run it.
"""

import argparse
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime


def main():
    parser = argparse.ArgumentParser(description="Runs an exported model in ONNX Runtime.")
    parser.add_argument("graph", help="the .onnx file")
    parser.add_argument(
        "rows",
        type=pathlib.Path,
        help="the folder of `narrows export --rows`: rows.npy in the data's own units, and what Narrows gave "
        "for them, in files that are named as the graph's outputs",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-5,
        help="the largest difference allowed, relative to the largest value of an output (default: %(default)s)",
    )
    arguments = parser.parse_args()

    onnx.checker.check_model(arguments.graph, full_check=True)
    session = onnxruntime.InferenceSession(arguments.graph, providers=["CPUExecutionProvider"])
    for entry in session.get_modelmeta().custom_metadata_map.items():
        print("%-17s %s" % entry)
    for kind, values in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for value in values:
            print(f"{kind:7} {value.name:15} {value.type} {value.shape}")

    # A model of columns far from 0 takes rows in double precision.
    is_double = session.get_inputs()[0].type == "tensor(double)"
    rows = np.load(arguments.rows / "rows.npy", allow_pickle=False)
    if is_double and rows.dtype != np.float64:
        sys.exit(f"{arguments.rows / 'rows.npy'}: the graph takes float64, and these rows are {rows.dtype}")
    rows = rows.astype(np.float64 if is_double else np.float32)
    shape = session.get_inputs()[0].shape[1:]
    outputs = ["code", "reconstruction", "score"]
    found = session.run(outputs, {"input": rows.reshape(len(rows), *shape)})
    are_same = True
    for name, ours in zip(outputs, found):
        path = arguments.rows / f"{name}.npy"
        theirs = np.load(path, allow_pickle=False)
        if ours.size != theirs.size:
            sys.exit(f"{path}: {theirs.size} values, and the graph gives {ours.size}")
        difference = np.abs(ours.reshape(theirs.shape) - theirs).max() / np.abs(theirs).max()
        # Not `>`, so that NaN is a difference.
        is_same = bool(difference <= arguments.tolerance)
        are_same &= is_same
        print(
            f"{name:14} of {len(rows)} rows: largest difference {difference:.1e} of the largest value, "
            f"{'within' if is_same else 'NOT within'} {arguments.tolerance:.0e}"
        )
    sys.exit(0 if are_same else 1)


if __name__ == "__main__":
    main()
