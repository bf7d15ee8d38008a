"""Every activation, loss and optimizer: small enough to be stored whole."""

import numpy as np
import torch
from sequential import ACTIVATIONS

from .network import HUBER_DELTA, STEPS, Autoencoder, dense, numpy, optimizer_of

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
