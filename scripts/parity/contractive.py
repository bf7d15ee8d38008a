"""The contractive penalties: through activations whose second derivatives are not zero, where the code's activation
stops probes, behind convolutions, and with random probes.
"""

import numpy as np
import torch

from .network import STEPS, Autoencoder, dense, optimizer_of

# The contractive penalties, through activations whose second derivatives are not zero.
CONTRACTIVE = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "encoder": [
        *dense(10), {"layer": "silu"},
        *dense(9), {"layer": "tanh"},
        *dense(7), {"layer": "softplus"},
        *dense(5), {"layer": "sigmoid"},
    ],
    "decoder": [*dense(12), {"layer": "sigmoid"}],
    "penalties": {"jacobian": 0.3, "summed": 0.05},
    "optimizer": {"kind": "adam", "learning_rate": 1e-2},
}  # fmt: skip

TERM_TENSORS = {
    "PENALTY/loss": "[steps] the mean squared error and the weighted penalty of each step, before its update",
    "PENALTY/value": "[1] the penalty itself on the first batch, before any update",
    "PENALTY/grad/NAME": "the gradient of the first loss by a parameter",
}


def of_contractive(recipe, dtype):
    tensors = {}
    for penalty in recipe["penalties"]:
        network = Autoencoder(recipe, dtype)
        tensors[f"{penalty}/value"] = np.array([network.penalty(network.batch(0), penalty).item()])
        _, gradient = network.gradient(network.batch(0), penalty)
        tensors |= {f"{penalty}/grad/{name}": tensor for name, tensor in gradient.items()}
        optimizer = optimizer_of(recipe["optimizer"], network.modules.parameters())
        tensors[f"{penalty}/loss"], _ = network.train(optimizer, penalty)
    return tensors


# The penalties where the code's activation stops probes, behind convolutions, and with random probes.
PENALTIES = {
    "batch": 6,
    "probes": 3,
    "probe": "of Philox4x32-10 with the key 0 and the counter [block, sample, 0, 6] the words of all blocks, one after "
    "the other: element i of probe p is the word p * code + i, -1 if its top bit is 0, else +1",
    "penalties": {"jacobian": 0.3, "summed": 0.05, "hutchinson": 0.3},
    "networks": {
        "smooth": {"inputs": 12, "encoder": CONTRACTIVE["encoder"], "decoder": CONTRACTIVE["decoder"]},
        "relu": {
            "inputs": 12,
            "encoder": [*dense(10), {"layer": "relu"}, *dense(6), {"layer": "relu"}],
            "decoder": [*dense(12), {"layer": "sigmoid"}],
        },
        "convolutions": {
            "shape": [2, 7, 6],
            "encoder": [
                {"layer": "conv2d", "channels": 4, "kernel": 3, "stride": 2, "padding": 1}, {"layer": "silu"},
                {"layer": "conv2d", "channels": 3, "kernel": [3, 2], "stride": [1, 2], "padding": [1, 0]},
                {"layer": "tanh"},
            ],
            "decoder": [*dense(84), {"layer": "sigmoid"}],
        },
    },
}  # fmt: skip

PENALTIES_TENSORS = {
    "NETWORK/PENALTY/value": "[1] the penalty itself on the first batch",
    "NETWORK/PENALTY/grad/NAME": "the gradient of the mean squared error and the weighted penalty by a parameter",
}


def of_penalties(recipe, dtype):
    tensors = {}
    shared = {key: recipe[key] for key in ("batch", "probes", "penalties")}
    for kind, layers in recipe["networks"].items():
        network = Autoencoder(shared | layers, dtype)
        check_relu_inputs(network, network.batch(0))
        for penalty in recipe["penalties"]:
            tensors[f"{kind}/{penalty}/value"] = np.array([network.penalty(network.batch(0), penalty).item()])
            _, gradient = network.gradient(network.batch(0), penalty)
            tensors |= {f"{kind}/{penalty}/grad/{name}": tensor for name, tensor in gradient.items()}
    return tensors


def check_relu_inputs(network, x):
    """Where ReLU jumps, rounding may take either side; the batch must not lie there, and must use both sides."""
    for module in network.modules["encoder"]:
        if isinstance(module, torch.nn.ReLU):
            assert x.abs().min() > 1e-4 and x.min() < 0 < x.max(), "a kink is too close, or has one side only"
        x = module(x)
