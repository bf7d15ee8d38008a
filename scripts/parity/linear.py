"""The linear recipes that ship with Narrows: too large to be stored whole."""

import numpy as np
import torch

from .formula import sign
from .network import STEPS, Autoencoder, dense, numpy

SAMPLES = 64
PROJECTIONS = 16


def linear(*widths):
    mirrored = [*reversed(widths[:-1]), 784]
    return {
        "inputs": 784,
        "batch": 64,
        "steps": STEPS,
        "encoder": dense(*widths),
        "decoder": [*dense(*mirrored), {"layer": "sigmoid"}],
        "reconstruction": "mse",
        "optimizer": {"kind": "adam", "learning_rate": 1e-3},
    }


def summary(name, tensor):
    """What stands for a tensor: a bias itself; of a weight, figures in which every element counts."""
    if tensor.ndim == 1:
        return {name: tensor.astype(np.float32)}
    flat = tensor.ravel()
    return {
        f"{name}/row_sums": tensor.sum(axis=1),
        f"{name}/column_sums": tensor.sum(axis=0),
        f"{name}/norms": np.array([np.abs(flat).max(), np.sqrt(np.square(flat).sum())]),
        f"{name}/projections": np.array([(sign(p, flat.size) * flat).sum() for p in range(PROJECTIONS)]),
        f"{name}/samples": flat[np.arange(SAMPLES) * flat.size // SAMPLES].astype(np.float32),
    }


SUMMARY_TENSORS = {
    "loss": "[steps] the mean loss over batch and inputs of each step, before its update",
    "code": "[batch, code] of the first batch, before any update",
    "output": "[2, inputs] of the first two samples, before any update",
    "grad/NAME": "the gradient of the first loss by a bias",
    "final/NAME": "a bias after the last step",
    "(grad|final)/NAME/row_sums": "[outputs] of a weight of [outputs, inputs]: the sum over the inputs",
    "(grad|final)/NAME/column_sums": "[inputs]: the sum over the outputs",
    "(grad|final)/NAME/norms": "[2]: the largest absolute value; the root of the sum of squares",
    "(grad|final)/NAME/projections": f"[{PROJECTIONS}]: the sum of sign * element, over the flat tensor",
    "(grad|final)/NAME/samples": f"[{SAMPLES}]: the elements i * length / {SAMPLES}, rounded down, of the flat tensor",
}


def of_linear(recipe, dtype):
    network = Autoencoder(recipe, dtype)
    code, _, output = network.run(network.batch(0))
    _, gradient = network.gradient(network.batch(0), recipe["reconstruction"])
    optimizer = torch.optim.Adam(network.modules.parameters(), lr=recipe["optimizer"]["learning_rate"])
    losses, final = network.train(optimizer)
    tensors = {
        "loss": losses,
        "code": numpy(code).astype(np.float32),
        "output": numpy(output[:2]).astype(np.float32),
    }
    for stage, named in [("grad", gradient), ("final", final)]:
        for name, tensor in named.items():
            tensors |= summary(f"{stage}/{name}", tensor)
    return tensors
