"""PyTorch modules for a recipe's layers, so that parameters have the names that Narrows saves."""

from torch import nn

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


def sequential(layers, inputs, last_outputs=None):
    """A list of layers, as a recipe writes them, as an nn.Sequential, and the width it gives.

    A dense layer without `outputs` is as wide as `last_outputs`.
    """
    modules, width = [], inputs
    for place, layer in enumerate(layers):
        kind = layer["layer"]
        if kind == "dense":
            outputs = layer.get("outputs", last_outputs)
            if outputs is None:
                raise ValueError(f"layer {place}: only the decoder's last dense layer may go without `outputs`")
            modules.append(nn.Linear(width, outputs, bias=layer.get("bias", True)))
            width = outputs
        elif kind in ACTIVATIONS:
            modules.append(ACTIVATIONS[kind](layer))
        else:
            known = ", ".join(["dense", *ACTIVATIONS])
            raise ValueError(f"layer {place}: `{kind}` is not known here; known are {known}")
    return nn.Sequential(*modules), width


def autoencoder(encoder, decoder, inputs):
    """Encoder and decoder as a ModuleDict of two nn.Sequential, whose state_dict is named
    `encoder.0.weight` and so on."""
    first, code = sequential(encoder, inputs)
    second, outputs = sequential(decoder, code, last_outputs=inputs)
    if outputs != inputs:
        raise ValueError(f"the decoder gives {outputs} values, and the data have {inputs}")
    return nn.ModuleDict({"encoder": first, "decoder": second})
