"""PyTorch modules for a recipe's layers, so that parameters have the names that Narrows saves."""

import math

import torch
from torch import nn
from torch.nn import functional as F

ACTIVATIONS = {
    "identity": lambda layer: nn.Identity(),
    "relu": lambda layer: nn.ReLU(),
    "leaky-relu": lambda layer: nn.LeakyReLU(layer.get("slope", 0.01)),
    "elu": lambda layer: nn.ELU(layer.get("alpha", 1.0)),
    "silu": lambda layer: nn.SiLU(),
    "gelu": lambda layer: nn.GELU(),
    "tanh": lambda layer: nn.Tanh(),
    "sigmoid": lambda layer: nn.Sigmoid(),
    "softplus": lambda layer: nn.Softplus(),
}

# By the axes of a row: values, or [channels, height, width].
BATCH_NORMS = {1: nn.BatchNorm1d, 3: nn.BatchNorm2d}

CONVOLUTIONS = {
    "conv2d": (nn.Conv2d, ["stride", "padding"]),
    "conv-transpose2d": (nn.ConvTranspose2d, ["stride", "padding", "output_padding"]),
}


class Dense(nn.Linear):
    """A linear layer over flat rows, whatever shape they have: Narrows needs no flatten before it."""

    def forward(self, rows):
        return super().forward(rows.flatten(1))


class Tied(nn.Module):
    """A linear layer over flat rows with the transposed weights of another, and a bias of its own."""

    def __init__(self, other, bias):
        super().__init__()
        # In a list, so that the weights are parameters of the other layer alone.
        self.other = [other]
        self.in_features, self.out_features = other.out_features, other.in_features
        self.bias = nn.Parameter(torch.zeros(self.out_features)) if bias else None

    def forward(self, rows):
        return F.linear(rows.flatten(1), self.other[0].weight.t(), self.bias)


def sequential(layers, shape, data=None, encoder=None, share=False):
    """A list of layers, as a recipe writes them, as an nn.Sequential over rows of a shape, and the
    shape that it gives.

    A layer without `outputs` or `channels` has those of `data`, a shape. A layer that is tied to one of `encoder`, an
    nn.Sequential, shares its weights if `share` says so; else it has room for a copy of the transpose.
    """
    modules, shape = [], tuple(shape)
    for place, layer in enumerate(layers):
        kind, bias = layer["layer"], layer.get("bias", True)
        key = "outputs" if kind == "dense" else "channels"
        tied = encoder[int(layer["tied"][len("encoder[") : -1])] if "tied" in layer else None
        width = layer.get(key) if tied is None else tied.in_features
        if width is None and data is not None:
            width = math.prod(data) if kind == "dense" else data[0]
        if width is None and (kind == "dense" or kind in CONVOLUTIONS):
            raise ValueError(f"layer {place}: only the decoder's last layer may go without `{key}`")
        if tied is not None and share:
            module = Tied(tied, bias)
        elif kind == "dense":
            module = Dense(math.prod(shape), width, bias=bias)
        elif kind in CONVOLUTIONS:
            make, names = CONVOLUTIONS[kind]
            rest = {name: pair(layer[name]) for name in names if name in layer}
            module = make(shape[0], width, pair(layer["kernel"]), bias=bias, **rest)
        elif kind == "layer-norm":
            module = nn.LayerNorm(shape, eps=layer.get("epsilon", 1e-5))
        elif kind == "dropout":
            module = nn.Dropout(layer["fraction"])
        elif kind == "batch-norm":
            settings = {"eps": layer.get("epsilon", 1e-5), "momentum": layer.get("momentum", 0.1)}
            module = BATCH_NORMS[len(shape)](shape[0], **settings)
        elif kind == "flatten":
            module = nn.Flatten()
        elif kind == "reshape":
            module = Reshape(layer["shape"])
        elif kind in ACTIVATIONS:
            module = ACTIVATIONS[kind](layer)
        else:
            known = ", ".join(
                ["dense", *CONVOLUTIONS, "batch-norm", "layer-norm", "dropout", "flatten", "reshape", *ACTIVATIONS]
            )
            raise ValueError(f"layer {place}: `{kind}` is not known here; known are {known}")
        modules.append(module)
        if kind != "batch-norm":
            with torch.no_grad():
                shape = tuple(module(torch.zeros(1, *shape)).shape[1:])
    return nn.Sequential(*modules), shape


def pair(value):
    return tuple(value) if isinstance(value, list) else value


class Reshape(nn.Module):
    """Rows of a shape as rows of another."""

    def __init__(self, shape):
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, rows):
        return rows.reshape(-1, *self.shape)

    def extra_repr(self):
        return f"shape={self.shape}"


def autoencoder(encoder, decoder, shape, share=False, bottleneck=None):
    """Encoder and decoder over rows of a shape as a ModuleDict of two nn.Sequential, whose state_dict
    is named `encoder.0.weight` and so on. The decoder gives rows of that shape or flat ones. `share` says whether tied
    layers share their weights, as they do in training, or have room for a copy of the transpose. `bottleneck` is the kind
    in the recipe: with "variational" the encoder gives means and log variances, and the decoder reads half as many values."""
    first, code = sequential(encoder, shape)
    if bottleneck == "variational":
        code = (code[0] // 2, *code[1:])
    second, outputs = sequential(decoder, code, data=shape, encoder=first, share=share)
    if outputs not in (tuple(shape), (math.prod(shape),)):
        raise ValueError(f"the decoder gives rows of shape {list(outputs)}, and the data have {list(shape)}")
    return nn.ModuleDict({"encoder": first, "decoder": second})
