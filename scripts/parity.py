"""Makes the fixtures that Narrows' tests hold its mathematics against: crates/narrows/tests/fixtures/parity-*.safetensors.

PyTorch computes in float64 from parameters and inputs that float32 represents exactly, so its
results stand for the truth. Parameters and inputs are not stored: both sides make them from the
integer formula of `parity/formula.py`. README.md beside this file says how to run it.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from parity import activations, codes, contractive, layers, linear, training, variational
from parity.formula import FORMULA

FIXTURES = {
    "parity-simple-linear": (linear.linear(128, 64, 32, 16, 8), linear.of_linear, linear.SUMMARY_TENSORS),
    "parity-deep-linear": (linear.linear(512, 256, 128, 64, 16, 3), linear.of_linear, linear.SUMMARY_TENSORS),
    "parity-activations": (activations.EVERY_ACTIVATION, activations.of_every_activation, activations.WHOLE_TENSORS),
    "parity-contractive": (contractive.CONTRACTIVE, contractive.of_contractive, contractive.TERM_TENSORS),
    "parity-penalties": (contractive.PENALTIES, contractive.of_penalties, contractive.PENALTIES_TENSORS),
    "parity-convolutions": (layers.CONVOLUTIONS, layers.of_convolutions, layers.IMAGE_TENSORS),
    "parity-layers": (layers.LAYERS, layers.of_layers, layers.LAYERS_TENSORS),
    "parity-batch-norm": (layers.BATCH_NORM, layers.of_batch_norm, layers.BATCH_NORM_TENSORS),
    "parity-codes": (codes.CODES, codes.of_codes, codes.CODES_TENSORS),
    "parity-variational": (
        variational.VARIATIONAL,
        variational.of_variational,
        variational.VARIATIONAL_TENSORS,
    ),
    "parity-training": (training.TRAINING, training.of_training, training.TRAINING_TENSORS),
}


def worst(exact, rounded):
    """The largest error of each group of tensors, relative to its tensor's largest absolute value."""
    groups = {}
    for name, truth in exact.items():
        error = np.abs(rounded[name].astype(np.float64) - truth).max() / np.abs(truth).max()
        parts = [part for part in name.split("/") if not part.startswith(("encoder.", "decoder."))]
        group = "/".join(parts)
        groups[group] = max(groups.get(group, (0.0, "")), (float(error), name))
    return groups


def main():
    usual = Path(__file__).resolve().parent.parent / "crates/narrows/tests/fixtures"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=usual, help="the folder to write to (default: %(default)s)")
    parser.add_argument(
        "--float32",
        action="store_true",
        help="write nothing; print how far PyTorch's own float32 arithmetic is from the truth",
    )
    arguments = parser.parse_args()
    # The order of a sum must not depend on the machine's cores.
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, (recipe, compute, tensors) in FIXTURES.items():
        exact = compute(recipe, torch.float64)
        assert all(np.isfinite(tensor).all() for tensor in exact.values())
        if arguments.float32:
            print(name)
            for group, (error, where) in worst(exact, compute(recipe, torch.float32)).items():
                print(f"  {error:8.1e}  {group}  ({where})")
            continue
        about = {
            "about": "computed by PyTorch in float64 by scripts/parity.py",
            "torch": torch.__version__,
            "recipe": recipe,
            "formula": FORMULA,
            "tensors": tensors,
        }
        path = arguments.out / f"{name}.safetensors"
        # One key of metadata, because several are written in any order.
        contiguous = {key: np.ascontiguousarray(tensor) for key, tensor in exact.items()}
        save_file(contiguous, path, metadata={"parity": json.dumps(about)})
        print(f"{path}: {len(exact)} tensors, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
