"""Runs an ONNX file that Narrows exported in ONNX Runtime, and compares the reconstructions there with
those that Narrows gave. README.md beside this file says how to run it.
"""

import argparse
import sys

import numpy as np
import onnx
import onnxruntime


def main():
    parser = argparse.ArgumentParser(description="Runs an exported model in ONNX Runtime.")
    parser.add_argument("graph", help="the .onnx file")
    parser.add_argument("rows", help="rows in the data's own units, .npy of [rows, inputs]")
    parser.add_argument("reconstruction", help="the reconstructions that Narrows gave for them, .npy")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-5,
        help="the largest difference allowed, relative to the largest value (default: %(default)s)",
    )
    arguments = parser.parse_args()

    onnx.checker.check_model(arguments.graph, full_check=True)
    session = onnxruntime.InferenceSession(arguments.graph, providers=["CPUExecutionProvider"])
    for kind, values in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for value in values:
            print(f"{kind:7} {value.name:15} {value.type} {value.shape}")

    rows = np.load(arguments.rows, allow_pickle=False).astype(np.float32)
    theirs = np.load(arguments.reconstruction, allow_pickle=False)
    shape = session.get_inputs()[0].shape[1:]
    code, ours, score = session.run(
        ["code", "reconstruction", "score"], {"input": rows.reshape(len(rows), *shape)}
    )
    print(f"gives   code {code.shape}, reconstruction {ours.shape}, score {score.shape}")
    if ours.size != theirs.size:
        sys.exit(f"{arguments.reconstruction}: {theirs.size} values, and the graph gives {ours.size}")
    difference = np.abs(ours.reshape(theirs.shape) - theirs).max() / np.abs(theirs).max()
    # Not `>`, so that NaN is a difference.
    same = bool(difference <= arguments.tolerance)
    print(
        f"reconstructions of {len(rows)} rows: largest difference {difference:.1e} of the largest value, "
        f"{'within' if same else 'NOT within'} {arguments.tolerance:.0e}"
    )
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
