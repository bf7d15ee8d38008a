"""What works on images, and layers that normalize, drop and share weights: small enough to be stored whole."""

import numpy as np

from .network import STEPS, Autoencoder, dense, numpy, optimizer_of

CONVOLUTIONS = {
    "shape": [2, 9, 8],
    "batch": 6,
    "steps": STEPS,
    "encoder": [
        {"layer": "conv2d", "channels": 5, "kernel": 3, "stride": 2, "padding": 1}, {"layer": "silu"},
        {"layer": "conv2d", "channels": 6, "kernel": [3, 2], "stride": [1, 2], "padding": [1, 0], "bias": False},
        {"layer": "flatten"}, *dense(7),
    ],
    "decoder": [
        *dense(18), {"layer": "reshape", "shape": [3, 3, 2]}, {"layer": "tanh"},
        {"layer": "conv-transpose2d", "channels": 5, "kernel": 2, "stride": 2}, {"layer": "gelu"},
        {"layer": "conv-transpose2d", "channels": 4, "kernel": [3, 4], "stride": [1, 3], "padding": [0, 3],
         "output_padding": [0, 1], "bias": False}, {"layer": "silu"},
        {"layer": "conv2d", "channels": 2, "kernel": [2, 3], "padding": 1}, {"layer": "sigmoid"},
    ],
    "reconstruction": "mse",
    "optimizer": {"kind": "adam", "learning_rate": 1e-2},
}  # fmt: skip

IMAGE_TENSORS = {
    "code": "[batch, code] of the first batch, before any update",
    "output": "[batch, channels, height, width] of the first batch, before any update",
    "loss": "[steps] the mean squared error of each step, before its update",
    "grad/NAME": "the gradient of the first loss by a parameter",
    "final/NAME": "a parameter after the last step",
    "NAME": "tensors are numbered over all layers; the fan_in of a weight, and of the bias that follows, is the "
    "product of its axes behind the first",
}


def of_convolutions(recipe, dtype):
    network = Autoencoder(recipe, dtype)
    code, _, output = network.run(network.batch(0))
    _, gradient = network.gradient(network.batch(0), recipe["reconstruction"])
    losses, final = network.train(optimizer_of(recipe["optimizer"], network.modules.parameters()))
    tensors = {"code": numpy(code), "output": numpy(output), "loss": losses}
    tensors |= {f"grad/{name}": tensor for name, tensor in gradient.items()}
    return tensors | {f"final/{name}": tensor for name, tensor in final.items()}


# Layers that normalize and drop, and weights that two layers share; decay acts once on these.
LAYERS = {
    "batch": 6,
    "steps": STEPS,
    "reconstruction": "mse",
    "optimizer": {"kind": "adam", "learning_rate": 1e-2, "weight_decay": 0.01},
    "dropout": "of Philox4x32-10 with the key 0 and the counter [block, sample, 0, 12 + 256 * layer], where the layers "
    "that drop are counted from 0, the words of all blocks, one after the other: value i of a sample is dropped if "
    "(word >> 8) / 2^24 is below the fraction",
    "networks": {
        "normalized": {
            "inputs": 12,
            "encoder": [
                *dense(10), {"layer": "layer-norm"}, {"layer": "silu"},
                *dense(7), {"layer": "layer-norm", "epsilon": 0.01},
            ],
            "decoder": [
                {"layer": "layer-norm"}, *dense(9), {"layer": "tanh"}, *dense(12), {"layer": "layer-norm"},
                {"layer": "sigmoid"},
            ],
        },
        "images": {
            "shape": [2, 7, 6],
            "encoder": [
                {"layer": "conv2d", "channels": 4, "kernel": 3, "stride": 2, "padding": 1}, {"layer": "layer-norm"},
                {"layer": "silu"}, *dense(7),
            ],
            "decoder": [*dense(84), {"layer": "layer-norm"}, {"layer": "sigmoid"}],
        },
        "dropped": {
            "inputs": 12,
            "encoder": [*dense(70), {"layer": "tanh"}, {"layer": "dropout", "fraction": 0.2}, *dense(5)],
            "decoder": [
                {"layer": "dropout", "fraction": 0.1}, *dense(9), {"layer": "silu"},
                {"layer": "dropout", "fraction": 0.5}, *dense(12), {"layer": "sigmoid"},
            ],
        },
        "tied": {
            "inputs": 12,
            "encoder": [*dense(10), {"layer": "silu"}, *dense(5)],
            "decoder": [
                {"layer": "dense", "tied": "encoder[2]"}, {"layer": "tanh"},
                {"layer": "dense", "tied": "encoder[0]"}, {"layer": "sigmoid"},
            ],
        },
        "all": {
            "inputs": 12,
            "encoder": [
                *dense(10), {"layer": "layer-norm"}, {"layer": "silu"}, {"layer": "dropout", "fraction": 0.25}, *dense(5),
            ],
            "decoder": [
                {"layer": "dense", "tied": "encoder[4]", "bias": False}, {"layer": "dropout", "fraction": 0.25},
                {"layer": "layer-norm"}, {"layer": "tanh"}, {"layer": "dense", "tied": "encoder[0]"},
                {"layer": "sigmoid"},
            ],
        },
    },
}  # fmt: skip

LAYERS_TENSORS = {
    "NETWORK/code": "[batch, code] of the first batch, before any update, with nothing dropped",
    "NETWORK/output": "the outputs of the first batch, before any update, with nothing dropped",
    "NETWORK/loss": "[steps] the mean squared error of each step, before its update",
    "NETWORK/grad/NAME": "the gradient of the first loss by a parameter",
    "NETWORK/final/NAME": "a parameter after the last step",
    "NAME": "tensors are numbered over all layers; the fan_in of a normalization is the number of values of a row, and "
    "that of a tied layer's bias the number of values that the layer reads",
}


def of_layers(recipe, dtype):
    tensors = {}
    shared = {key: recipe[key] for key in ("batch", "steps", "reconstruction", "optimizer")}
    for kind, layers in recipe["networks"].items():
        network = Autoencoder(shared | layers, dtype)
        network.modules.eval()
        code, _, output = network.run(network.batch(0))
        network.modules.train()
        _, gradient = network.gradient(network.batch(0), recipe["reconstruction"])
        losses, final = network.train(optimizer_of(recipe["optimizer"], network.modules.parameters()))
        named = {"code": numpy(code), "output": numpy(output), "loss": losses}
        named |= {f"grad/{name}": tensor for name, tensor in gradient.items()}
        named |= {f"final/{name}": tensor for name, tensor in final.items()}
        tensors |= {f"{kind}/{name}": tensor for name, tensor in named.items()}
    return tensors


# Batch normalization behind a convolution, dense layers and an activation. Layers right before it have no bias, as its
# gradient would be 0 but for rounding.
BATCH_NORM = {
    "shape": [2, 7, 6],
    "batch": 9,
    "steps": STEPS,
    "encoder": [
        {"layer": "conv2d", "channels": 5, "kernel": 3, "stride": 2, "padding": 1, "bias": False},
        {"layer": "batch-norm"}, {"layer": "silu"},
        {"layer": "dense", "outputs": 19, "bias": False}, {"layer": "batch-norm", "momentum": 0.3}, {"layer": "tanh"},
        *dense(4),
    ],
    "decoder": [
        *dense(11), {"layer": "silu"}, {"layer": "batch-norm", "epsilon": 1e-3}, *dense(84), {"layer": "sigmoid"},
    ],
    "reconstruction": "mse",
    "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
}  # fmt: skip

BATCH_NORM_TENSORS = {
    "loss": "[steps] the mean squared error of each step, by the statistics of its batch, before its update",
    "grad/NAME": "the gradient of the first loss by a parameter",
    "final/NAME": "a parameter after the last step",
    "state/NAME": "a running mean or variance after the last step, or the number of batches",
    "code, output": "of the first batch, after the last step, by running statistics",
}


def of_batch_norm(recipe, dtype):
    network = Autoencoder(recipe, dtype)
    _, gradient = network.gradient(network.batch(0), recipe["reconstruction"])
    network = Autoencoder(recipe, dtype)
    losses, final = network.train(optimizer_of(recipe["optimizer"], network.modules.parameters()))
    states = {f"state/{name}": np.atleast_1d(numpy(state)) for name, state in network.modules.named_buffers()}
    network.modules.eval()
    code, _, output = network.run(network.batch(0))
    tensors = {"loss": losses, "code": numpy(code), "output": numpy(output)}
    tensors |= {f"grad/{name}": tensor for name, tensor in gradient.items()}
    return tensors | states | {f"final/{name}": tensor for name, tensor in final.items()}
