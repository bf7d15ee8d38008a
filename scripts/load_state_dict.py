"""Loads a model saved by Narrows into PyTorch: builds the pair of nn.Sequential that its recipe
describes and calls load_state_dict(strict=True).

What it relies on of the file: tensors named `encoder.0.weight` and so on, and in the metadata,
under the key `narrows`, JSON with

    recipe       {"encoder": [{"layer": "dense", "outputs": 128, "bias": true}, …], "decoder": […], …}
    input_shape  the shape of one row, [1, 28, 28] or [columns]
    scaling      {"offset": […], "factor": […]}, of length 1 or of one entry for each value of a row:
                 the network sees (value - offset) * factor

A layer of the decoder with `tied = "encoder[0]"` has no weights of its own in the file: the one line
`tensors["decoder.0.weight"] = tensors["encoder.0.weight"].T` adds them.

README.md beside this file says how to run it.
"""

import argparse
import json
import math
import sys

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from sequential import autoencoder


def read(path):
    """The tensors and the JSON of a model file."""
    with safe_open(path, framework="pt") as file:
        about = (file.metadata() or {}).get("narrows")
        if about is None:
            raise ValueError("no `narrows` in its metadata: not a model of Narrows")
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(about)


def reconstruct(modules, scaling, shape, rows, bottleneck=None):
    """Rows [rows, inputs] to their reconstructions, both in the data's own units, in float64."""
    offset, factor = (np.array(scaling[key], dtype=np.float64) for key in ("offset", "factor"))
    modules = modules.double().eval()
    with torch.no_grad():
        scaled = torch.from_numpy((rows - offset) * factor)
        code = modules["encoder"](scaled.reshape(-1, *shape))
        if bottleneck == "variational":
            # The means; the log variances follow them.
            code, _ = code.chunk(2, dim=1)
        outputs = modules["decoder"](code).flatten(1).numpy()
    return outputs / factor + offset


def rows_of(path, inputs):
    array = np.load(path, allow_pickle=False)
    rows = array.reshape(len(array), -1) if array.ndim else array
    if rows.ndim != 2 or rows.shape[1] != inputs:
        raise ValueError(f"{path}: expected rows of {inputs} values, found an array of shape {list(array.shape)}")
    return rows.astype(np.float64)


def compare(modules, about, inputs, arguments):
    """Whether PyTorch's reconstructions are those that Narrows gave."""
    x = rows_of(arguments.inputs, inputs)
    theirs = rows_of(arguments.outputs, inputs)
    if x.shape != theirs.shape:
        raise ValueError(f"{len(x)} rows in {arguments.inputs}, but {len(theirs)} in {arguments.outputs}")
    bottleneck = about["recipe"].get("bottleneck", {}).get("kind")
    ours = reconstruct(modules, about["scaling"], about["input_shape"], x, bottleneck)
    difference = np.abs(ours - theirs).max() / np.abs(ours).max()
    # Not `>`, so that NaN is a difference.
    same = bool(difference <= arguments.tolerance)
    print(
        f"reconstructions of {len(x)} rows: largest difference {difference:.1e} of the largest value, "
        f"{'within' if same else 'NOT within'} {arguments.tolerance:.0e}"
    )
    return same


def main():
    parser = argparse.ArgumentParser(description="Loads a model saved by Narrows into PyTorch.")
    parser.add_argument("model", help="the model.safetensors of a run")
    parser.add_argument("--inputs", help="rows in the data's own units, .npy of [rows, inputs] or [rows, *input_shape]")
    parser.add_argument("--outputs", help="the reconstructions that Narrows gave for them, .npy, to compare with")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-5,
        help="the largest difference allowed, relative to the largest value (default: %(default)s)",
    )
    arguments = parser.parse_args()
    if (arguments.inputs is None) != (arguments.outputs is None):
        parser.error("--inputs and --outputs go together")
    try:
        tensors, about = read(arguments.model)
        inputs = math.prod(about["input_shape"])
        recipe = about["recipe"]
        bottleneck = recipe.get("bottleneck", {}).get("kind")
        modules = autoencoder(recipe["encoder"], recipe["decoder"], about["input_shape"], bottleneck=bottleneck)
        # What the loss has learned, as a std, is not part of the two networks.
        tensors = {name: tensor for name, tensor in tensors.items() if not name.startswith("objective.")}
        for place, layer in enumerate(about["recipe"]["decoder"]):
            if "tied" in layer:
                # Tied weights are stored once: `encoder[0]` is `encoder.0.weight`, of which PyTorch gets the transpose.
                other = layer["tied"].replace("[", ".").replace("]", ".weight")
                tensors[f"decoder.{place}.weight"] = tensors[other].T
        modules.load_state_dict(tensors, strict=True)
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        sys.exit(f"{arguments.model}: {error}")
    except KeyError as error:
        sys.exit(f"{arguments.model}: {error} is missing in the metadata")
    print(modules)
    for name, tensor in modules.state_dict().items():
        print(f"{name:24} {list(tensor.shape)}")
    count = sum(p.numel() for p in modules.parameters())
    print(f"load_state_dict(strict=True): all {len(tensors)} tensors, {count} parameters")
    if arguments.inputs is not None:
        try:
            same = compare(modules, about, inputs, arguments)
        except (OSError, ValueError) as error:
            sys.exit(str(error))
        sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
