"""Makes the fixtures that Narrows' tests hold its mathematics against: crates/narrows/tests/fixtures/parity-*.safetensors.

PyTorch computes in float64 from parameters and inputs that float32 represents exactly, so its
results stand for the truth. Parameters and inputs are not stored: both sides make them from the
integer formula below. README.md beside this file says how to run it.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch.nn import functional as F
from torch.optim import lr_scheduler

from sequential import ACTIVATIONS, Tied, autoencoder

STEPS = 20
SAMPLES = 64
PROJECTIONS = 16

# ---------------------------------------------------------------------------------------------
# The formula. Uint64 arithmetic wraps; float32 operations are single and in this order, so that
# any other program that follows it gets the same bits.

INPUTS_AT = 1 << 56
SIGNS_AT = 2 << 56
# The last word of the counter that Narrows draws probes with.
PROBES = 6
DROPOUT = 12

FORMULA = {
    "hash(i)": "z = (i + 1) * 0x9E3779B97F4A7C15; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9; "
    "z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^ z >> 31, all wrapping in 64 bits",
    "value(i)": "(hash(i) >> 40) / 2^24, exact in float32",
    "parameter": "tensor number t (encoder's, then decoder's; weight, then bias, of each dense layer), element i: "
    "(2 * value(t * 2^32 + i) - 1) * (1 / sqrt(fan_in)), each operation in float32",
    "input": "element j of sample s: value(2^56 + s * inputs + j), squared in float32",
    "batch": "step k uses the samples k * batch up to (k + 1) * batch - 1",
    "sign": "projection p, element i: +1 if the top bit of hash(2^57 + p * 2^40 + i) is 0, else -1",
}


def hash_of(index):
    z = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def indices(start, count):
    return np.arange(count, dtype=np.uint64) + np.uint64(start)


def value(start, count):
    return (hash_of(indices(start, count)) >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)


def parameter(tensor, count, fan_in):
    u = value(tensor << 32, count)
    return (np.float32(2) * u - np.float32(1)) * (np.float32(1) / np.sqrt(np.float32(fan_in)))


def batch_of(step, batch, shape, dtype):
    count = batch * math.prod(shape)
    u = value(INPUTS_AT + step * count, count)
    return torch.from_numpy(u * u).to(dtype).reshape(batch, *shape)


def sign(projection, count):
    top = hash_of(indices(SIGNS_AT + (projection << 40), count)) >> np.uint64(63)
    return 1.0 - 2.0 * top.astype(np.float64)


def probes(sample, count, width):
    """[count, width]: the random signs of a sample, as Narrows draws them."""
    blocks = -(-count * width // 4)
    words = np.concatenate([philox([block, sample, 0, PROBES]) for block in range(blocks)])
    return np.where(words[: count * width] >> 31 == 0, -1.0, 1.0).reshape(count, width)


def philox(counter):
    """The four words of Philox4x32-10 with the key 0 (Salmon et al. 2011)."""
    low = (1 << 32) - 1
    key = [0, 0]
    for _ in range(10):
        a, b = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [b >> 32 ^ counter[1] ^ key[0], b & low, a >> 32 ^ counter[3] ^ key[1], a & low]
        key = [key[0] + 0x9E3779B9 & low, key[1] + 0xBB67AE85 & low]
    return np.array(counter, dtype=np.uint32)


# ---------------------------------------------------------------------------------------------
# Networks


class Dropout(torch.nn.Module):
    """Dropout with the values that Narrows drops: those whose uniform number is below the fraction."""

    def __init__(self, fraction, part):
        super().__init__()
        self.fraction, self.part, self.first = fraction, part, 0

    def forward(self, rows):
        if not self.training:
            return rows
        width = rows[0].numel()
        samples = range(self.first, self.first + len(rows))
        kept = np.stack([uniform(sample, width, self.part) for sample in samples]) >= np.float32(self.fraction)
        mask = torch.from_numpy(kept.reshape(rows.shape)).to(rows.dtype)
        return rows * mask / (1 - float(np.float32(self.fraction)))


def uniform(sample, width, part):
    """The uniform numbers of a sample in epoch 0 for one of several layers that drop values, as Narrows draws them."""
    blocks = -(-width // 4)
    words = np.concatenate([philox([block, sample, 0, DROPOUT | part << 8]) for block in range(blocks)])
    return (words[:width] >> 8).astype(np.float32) / np.float32(1 << 24)


def fan_in_of(module):
    """The values that one output of a module is made of; those of a row where it is a normalization."""
    if isinstance(module, torch.nn.LayerNorm):
        return module.weight.numel()
    return module.in_features if isinstance(module, Tied) else module.weight[0].numel()


class Autoencoder:
    """A network from its recipe, with the formula's parameters."""

    def __init__(self, recipe, dtype):
        self.recipe, self.dtype = recipe, dtype
        self.shape = recipe.get("shape") or [recipe["inputs"]]
        self.modules = autoencoder(recipe["encoder"], recipe["decoder"], self.shape, share=True).to(dtype)
        self.dropouts = []
        for side in self.modules.values():
            for place, module in enumerate(side):
                if isinstance(module, torch.nn.Dropout):
                    side[place] = Dropout(module.p, len(self.dropouts))
                    self.dropouts.append(side[place])
        with torch.no_grad():
            for tensor, (name, parameters) in enumerate(self.modules.named_parameters()):
                assert parameters.dtype == dtype and name.endswith(("weight", "bias")), name
                module = self.modules.get_submodule(name.rpartition(".")[0])
                start = parameter(tensor, parameters.numel(), fan_in_of(module))
                parameters.copy_(torch.from_numpy(start).reshape(parameters.shape))

    def batch(self, step):
        for dropout in self.dropouts:
            dropout.first = step * self.recipe["batch"]
        return batch_of(step, self.recipe["batch"], self.shape, self.dtype)

    def run(self, x):
        """The code, what the last dense layer gives, and the output."""
        code = self.modules["encoder"](x)
        decoder = self.modules["decoder"]
        assert isinstance(decoder[-1], torch.nn.Sigmoid)
        logits = decoder[:-1](code)
        return code, logits, decoder[-1](logits)

    def penalty(self, x, penalty):
        """A contractive penalty, by differentiating twice."""
        x = x.clone().requires_grad_()
        code = self.modules["encoder"](x).flatten(1)
        if penalty == "summed":
            (g,) = torch.autograd.grad(code.sum(), x, create_graph=True)
            return g.square().sum()
        if penalty == "hutchinson":
            count = self.recipe["probes"]
            signs = np.stack([probes(sample, count, code.shape[1]) for sample in range(len(x))])
            rows = [
                torch.autograd.grad((code * torch.from_numpy(probe).to(self.dtype)).sum(), x, create_graph=True)[0]
                for probe in signs.swapaxes(0, 1)
            ]
            return sum(g.square().sum() for g in rows) / (len(x) * count)
        assert penalty == "jacobian"
        rows = [torch.autograd.grad(column.sum(), x, create_graph=True)[0] for column in code.unbind(1)]
        return sum(g.square().sum() for g in rows) / len(x)

    def loss(self, x, kind):
        if kind in self.recipe.get("penalties", {}):
            return self.loss(x, "mse") + self.recipe["penalties"][kind] * self.penalty(x, kind)
        _, logits, output = self.run(x)
        if kind == "mse":
            # A decoder may give images as flat rows.
            return F.mse_loss(output.flatten(1), x.flatten(1))
        if kind == "l1":
            return F.l1_loss(output, x)
        if kind == "huber":
            return F.huber_loss(output, x, delta=HUBER_DELTA)
        if kind == "binary-cross-entropy":
            return F.binary_cross_entropy_with_logits(logits, x)
        raise ValueError(kind)

    def gradient(self, x, kind):
        """The loss and its gradient by every parameter, named."""
        loss = self.loss(x, kind)
        named = dict(self.modules.named_parameters())
        return loss.item(), dict(zip(named, map(numpy, torch.autograd.grad(loss, named.values()))))

    def train(self, optimizer, kind="mse"):
        """Steps from the formula's batches: the loss before each step, and the parameters after the last."""
        losses = []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = self.loss(self.batch(step), kind)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return np.array(losses), {name: numpy(p) for name, p in self.modules.named_parameters()}


def numpy(tensor):
    return tensor.detach().numpy().astype(np.float64)


def dense(*widths):
    return [{"layer": "dense", "outputs": outputs} for outputs in widths]


# ---------------------------------------------------------------------------------------------
# The recipes that ship with Narrows: too large to be stored whole


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


# ---------------------------------------------------------------------------------------------
# Every activation, loss and optimizer: small enough to be stored whole

HUBER_DELTA = 0.5

RECONSTRUCTIONS = {
    "mse": {"reconstruction": "mse"},
    "l1": {"reconstruction": "l1"},
    "huber": {"reconstruction": "huber", "delta": HUBER_DELTA},
    "binary-cross-entropy": {"reconstruction": "binary-cross-entropy"},
}

OPTIMIZERS = {
    "adam": {"kind": "adam", "learning_rate": 1e-2},
    "adam-weight-decay": {"kind": "adam", "learning_rate": 1e-2, "weight_decay": 0.01},
    "adamw": {"kind": "adamw", "learning_rate": 1e-2, "weight_decay": 0.01},
    "sgd": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
    "sgd-weight-decay": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01},
}

PYTORCH_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}

EVERY_ACTIVATION = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "encoder": [
        *dense(10), {"layer": "relu"},
        *dense(9), {"layer": "leaky-relu", "slope": 0.01},
        *dense(8), {"layer": "elu", "alpha": 1.0},
        *dense(7), {"layer": "silu"},
        *dense(5),
    ],
    "decoder": [
        *dense(7), {"layer": "gelu"},
        *dense(8), {"layer": "tanh"},
        *dense(9), {"layer": "softplus"},
        *dense(10), {"layer": "identity"},
        *dense(12), {"layer": "sigmoid"},
    ],
    "reconstructions": RECONSTRUCTIONS,
    "optimizers": OPTIMIZERS,
}  # fmt: skip

WHOLE_TENSORS = {
    "code": "[batch, code] of the first batch, before any update",
    "output": "[batch, inputs] of the first batch, before any update",
    "RECONSTRUCTION/loss": "[1] the mean loss over batch and inputs of the first batch, before any update",
    "RECONSTRUCTION/grad/NAME": "its gradient by a parameter",
    "OPTIMIZER/loss": "[steps] the mean squared error of each step, before its update",
    "OPTIMIZER/final/NAME": "a parameter after the last step",
    "activation/x": "[n], float32",
    "activation/LAYER/value": "[n] the activation of each x",
    "activation/LAYER/derivative": "[n] its derivative, to 1e-15 of 1; of tanh and sigmoid, small ones keep few digits",
}


def optimizer_of(settings, parameters):
    rest = {key: v for key, v in settings.items() if key not in ("kind", "learning_rate")}
    return PYTORCH_OPTIMIZERS[settings["kind"]](parameters, lr=settings["learning_rate"], **rest)


def of_every_activation(recipe, dtype):
    network = Autoencoder(recipe, dtype)
    x = network.batch(0)
    check_away_from_kinks(network, x)
    code, _, output = network.run(x)
    tensors = {"code": numpy(code), "output": numpy(output)}
    for kind in recipe["reconstructions"]:
        loss, gradient = network.gradient(x, kind)
        tensors[f"{kind}/loss"] = np.array([loss])
        tensors |= {f"{kind}/grad/{name}": tensor for name, tensor in gradient.items()}
    for kind, settings in recipe["optimizers"].items():
        network = Autoencoder(recipe, dtype)
        losses, final = network.train(optimizer_of(settings, network.modules.parameters()))
        tensors[f"{kind}/loss"] = losses
        tensors |= {f"{kind}/final/{name}": tensor for name, tensor in final.items()}
    return tensors | activations(dtype)


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


def check_away_from_kinks(network, x):
    """Where a derivative jumps, rounding may take either side; the first batch must not lie there,
    and must use both sides of each kink."""
    margins = []

    def watch(module, inputs):
        margins.append(inputs[0].detach().ravel())

    kinked = (torch.nn.ReLU, torch.nn.LeakyReLU)
    hooks = [m.register_forward_pre_hook(watch) for m in network.modules["encoder"] if isinstance(m, kinked)]
    _, _, output = network.run(x)
    for hook in hooks:
        hook.remove()
    residual = (output - x).detach().ravel()
    margins += [residual, residual.abs() - HUBER_DELTA]
    for margin in margins:
        assert margin.abs().min() > 1e-4, "an input lies too close to a kink"
        assert margin.min() < 0 < margin.max(), "one side of a kink is not used"


# ---------------------------------------------------------------------------------------------
# What works on images, beside dense layers: small enough to be stored whole

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


# ---------------------------------------------------------------------------------------------
# Layers that normalize and drop, and weights that two layers share; decay acts once on these

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


# A bottleneck, and penalties on the code. PyTorch has no layer for the first: its `topk` and a mask are.
CODES = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "reconstruction": "mse",
    "optimizer": {"kind": "adam", "learning_rate": 1e-2},
    "rho": 0.2,
    "weights": {"l1": 0.02, "kl-sparsity": 0.05},
    "networks": {
        "top-k": {"encoder": [*dense(20)], "k": 4, "penalties": []},
        "l1": {"encoder": [*dense(10), {"layer": "silu"}, *dense(7)], "penalties": ["l1"]},
        "kl-sparsity": {"encoder": [*dense(10), {"layer": "sigmoid"}], "penalties": ["kl-sparsity"]},
        "all": {"encoder": [*dense(9), {"layer": "sigmoid"}], "k": 8, "penalties": ["l1", "kl-sparsity"]},
    },
    "decoder": [*dense(12), {"layer": "sigmoid"}],
}  # fmt: skip

CODES_TENSORS = {
    "NETWORK/code": "[batch, code] of the first batch, before any update, behind the bottleneck",
    "NETWORK/output": "the outputs of the first batch, before any update",
    "NETWORK/values": "each penalty itself on the first batch, in order",
    "NETWORK/grad/NAME": "the gradient of the first loss by a parameter",
    "NETWORK/loss": "[steps] the mean squared error with the weighted penalties of each step, before its update",
    "NETWORK/final/NAME": "a parameter after the last step",
}


class Codes(Autoencoder):
    """A network whose code passes a bottleneck and is penalized."""

    def encode(self, x):
        code = self.modules["encoder"](x)
        if "k" not in self.recipe:
            return code
        values = torch.relu(code)
        largest = values.topk(self.recipe["k"] + 1, dim=1)
        # Nothing depends on which of nearly equal values is chosen.
        assert (largest.values[:, -2] - largest.values[:, -1] > 1e-5).logical_or(largest.values[:, -2] == 0).all()
        chosen = torch.zeros_like(values).scatter(1, largest.indices[:, :-1], 1.0)
        return values * chosen

    def run(self, x):
        code = self.encode(x)
        decoder = self.modules["decoder"]
        logits = decoder[:-1](code)
        return code, logits, decoder[-1](logits)

    def values(self, x):
        """Each penalty of the recipe, in order."""
        code = self.encode(x)
        rho = torch.tensor(self.recipe["rho"], dtype=self.dtype)
        found = []
        for penalty in self.recipe["penalties"]:
            if penalty == "l1":
                found.append(code.abs().sum(1).mean())
            else:
                mean = code.mean(0)
                found.append((rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum())
        return found

    def loss(self, x, kind):
        weights = [self.recipe["weights"][penalty] for penalty in self.recipe["penalties"]]
        return F.mse_loss(self.run(x)[2], x) + sum(w * v for w, v in zip(weights, self.values(x)))


def of_codes(recipe, dtype):
    tensors = {}
    shared = {key: recipe[key] for key in ("inputs", "batch", "decoder", "rho", "weights")}
    for kind, own in recipe["networks"].items():
        network = Codes(shared | own, dtype)
        first = network.batch(0)
        code, _, output = network.run(first)
        _, gradient = network.gradient(first, "mse")
        named = {"code": numpy(code), "output": numpy(output)}
        if own["penalties"]:
            named["values"] = np.array([value.item() for value in network.values(first)])
        named |= {f"grad/{name}": tensor for name, tensor in gradient.items()}
        losses, final = network.train(optimizer_of(recipe["optimizer"], network.modules.parameters()))
        named["loss"] = losses
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


# ---------------------------------------------------------------------------------------------
# What stands between the gradient and the step, and the learning rate's course

TRAINING = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "encoder": [*dense(10), {"layer": "silu"}, *dense(5)],
    "decoder": [*dense(10), {"layer": "tanh"}, *dense(12), {"layer": "sigmoid"}],
    "reconstruction": "mse",
    "clip_norm": 0.035,
    "clipped": {
        "clip-adam": {"kind": "adam", "learning_rate": 1e-2, "weight_decay": 0.01},
        "clip-sgd": {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.9},
    },
    # Step k uses the samples k * 23 up to k * 23 + 22, the last batch of each having five.
    "accumulated": {"steps": 5, "rows": 23, "optimizer": {"kind": "adam", "learning_rate": 1e-2}},
    "learning_rate": 0.1,
    "epochs": 6,
    "steps_per_epoch": 8,
    "schedules": {
        "cosine": {"warmup": 0, "final": 0},
        "cosine-warmup": {"warmup": 1.5, "final": 0.05},
        "step": {"every": 2, "factor": 0.3},
    },
    "plateau": {"patience": 2, "factor": 0.3, "minimum": 0.05},
}  # fmt: skip

TRAINING_TENSORS = {
    "NAME/norm": "[steps] the norm of the gradient of each step, before it is clipped",
    "NAME/loss": "[steps] the mean squared error of each step, before its update",
    "NAME/final/PARAMETER": "a parameter after the last step",
    "accumulated/loss, accumulated/final/PARAMETER": "as above",
    "schedule/NAME": "[epochs * steps_per_epoch] the learning rate of each step",
    "schedule/plateau/loss": "[n] the loss of each epoch",
    "schedule/plateau": "[n] the learning rate after each epoch",
}


def of_training(recipe, dtype):
    tensors = {}
    for name, settings in recipe["clipped"].items():
        network = Autoencoder(recipe, dtype)
        parameters = list(network.modules.parameters())
        optimizer = optimizer_of(settings, parameters)
        losses, norms = [], []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = network.loss(network.batch(step), "mse")
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, recipe["clip_norm"]).item())
            optimizer.step()
            losses.append(loss.item())
        assert min(norms) < recipe["clip_norm"] < max(norms), f"{name}: some steps are clipped: {norms}"
        tensors |= {f"{name}/norm": np.array(norms), f"{name}/loss": np.array(losses)}
        tensors |= {f"{name}/final/{key}": numpy(p) for key, p in network.modules.named_parameters()}
    return tensors | accumulated(recipe, dtype) | schedules(recipe)


def accumulated(recipe, dtype):
    """Steps of several batches, each batch's gradient weighted by its rows."""
    settings, network = recipe["accumulated"], Autoencoder(recipe, dtype)
    pool = torch.cat([network.batch(step) for step in range(STEPS)])
    optimizer = optimizer_of(settings["optimizer"], network.modules.parameters())
    losses = []
    for rows in pool.split(settings["rows"])[: settings["steps"]]:
        optimizer.zero_grad()
        mean = 0.0
        for batch in rows.split(recipe["batch"]):
            loss = network.loss(batch, "mse") * (len(batch) / len(rows))
            loss.backward()
            mean += loss.item()
        optimizer.step()
        losses.append(mean)
    final = {f"accumulated/final/{key}": numpy(p) for key, p in network.modules.named_parameters()}
    return {"accumulated/loss": np.array(losses)} | final


def schedules(recipe):
    rate, steps, epochs = recipe["learning_rate"], recipe["steps_per_epoch"], recipe["epochs"]
    tensors = {}
    for name, settings in recipe["schedules"].items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
        if name == "step":
            scheduler = lr_scheduler.StepLR(optimizer, settings["every"] * steps, settings["factor"])
        else:
            warmup = round(settings["warmup"] * steps)
            scheduler = lr_scheduler.CosineAnnealingLR(
                optimizer, steps * epochs - warmup, eta_min=rate * settings["final"]
            )
            if warmup:
                rising = lr_scheduler.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
                scheduler = lr_scheduler.SequentialLR(optimizer, [rising, scheduler], [warmup])
        rates = []
        for _ in range(steps * epochs):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        tensors[f"schedule/{name}"] = np.array(rates)
    # Improvements, ever smaller; some below the threshold of one part in 10000.
    losses = [1.0, 0.9, 0.95, 0.89, 0.88999, 0.88995, 0.88992, 0.8, *[0.80001] * 4, 0.7, 0.75, 0.69999, *[0.7] * 8, 0.5]
    settings = recipe["plateau"]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=settings["factor"], patience=settings["patience"], min_lr=rate * settings["minimum"]
    )
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return tensors | {"schedule/plateau/loss": np.array(losses), "schedule/plateau": np.array(rates)}


def activations(dtype):
    """Each activation and its derivative from -12 to 12 in steps of 1/8, near 0, and far out, where
    a naive exp overflows float32."""
    apart = np.array([1e-6, 1e-3, 30.0, 100.0])
    x = np.sort(np.concatenate([np.linspace(-12, 12, 193), apart, -apart])).astype(np.float32)
    tensors = {"activation/x": x}
    for kind, module in ACTIVATIONS.items():
        inputs = torch.from_numpy(x).to(dtype).requires_grad_()
        outputs = module({})(inputs)
        if kind == "gelu":
            # PyTorch's form, 1 + erf, keeps no digits in the far left tail; this form does.
            accurate = 0.5 * inputs * torch.special.erfc(-inputs * 0.5**0.5)
            assert (outputs - accurate).abs().max() < 20 * torch.finfo(dtype).eps
            outputs = accurate
        (derivative,) = torch.autograd.grad(outputs.sum(), inputs)
        tensors[f"activation/{kind}/value"] = numpy(outputs)
        tensors[f"activation/{kind}/derivative"] = numpy(derivative)
    return tensors


# ---------------------------------------------------------------------------------------------

FIXTURES = {
    "parity-simple-linear": (linear(128, 64, 32, 16, 8), of_linear, SUMMARY_TENSORS),
    "parity-deep-linear": (linear(512, 256, 128, 64, 16, 3), of_linear, SUMMARY_TENSORS),
    "parity-activations": (EVERY_ACTIVATION, of_every_activation, WHOLE_TENSORS),
    "parity-contractive": (CONTRACTIVE, of_contractive, TERM_TENSORS),
    "parity-penalties": (PENALTIES, of_penalties, PENALTIES_TENSORS),
    "parity-convolutions": (CONVOLUTIONS, of_convolutions, IMAGE_TENSORS),
    "parity-layers": (LAYERS, of_layers, LAYERS_TENSORS),
    "parity-batch-norm": (BATCH_NORM, of_batch_norm, BATCH_NORM_TENSORS),
    "parity-codes": (CODES, of_codes, CODES_TENSORS),
    "parity-training": (TRAINING, of_training, TRAINING_TENSORS),
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
