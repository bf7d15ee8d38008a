"""Variational codes, with likelihoods in nats."""

import numpy as np
import torch
from torch.nn import functional as F

from .formula import normal
from .network import STEPS, Autoencoder, dense, numpy, optimizer_of

# The last word of the counter that Narrows draws codes with in training.
CODE = 13

VARIATIONAL = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "optimizer": {"kind": "adam", "learning_rate": 1e-2},
    "encoder": [*dense(9), {"layer": "tanh"}, *dense(10)],
    "decoder": [*dense(8), {"layer": "tanh"}, *dense(12), {"layer": "sigmoid"}],
    "bottleneck": "variational",
    "minimum_std": 0.2,
    "networks": {
        "binary-cross-entropy": {"beta": 1.0, "free_bits": 0.0},
        "continuous-bernoulli": {"beta": 0.5, "free_bits": 0.0},
        "gaussian": {"beta": 1.0, "free_bits": 0.02, "std": 0.5},
        "learned-std": {"beta": 2.0, "free_bits": 0.0},
        "std-per-column": {"beta": 1.0, "free_bits": 0.0},
    },
}  # fmt: skip

VARIATIONAL_TENSORS = {
    "NETWORK/code": "[batch, code] the means of the first batch, before any update",
    "NETWORK/values": "negative log likelihood and divergence of the first batch, in nats a row, before any update",
    "NETWORK/grad/NAME": "the gradient by a parameter of the first loss, divided by the number of values of a row",
    "NETWORK/loss": "[steps] likelihood + beta * divergence of each step in nats a row, before its update",
    "NETWORK/final/NAME": "a parameter after the last step",
}


class Variational(Autoencoder):
    """A network whose code is drawn."""

    def __init__(self, recipe, dtype):
        super().__init__(recipe, dtype)
        self.step, self.log_std = 0, None
        # PyTorch has no module for a std: a parameter of its own, 0 at first.
        if recipe["kind"] in ("learned-std", "std-per-column"):
            count = recipe["inputs"] if recipe["kind"] == "std-per-column" else 1
            self.log_std = torch.nn.Parameter(torch.zeros(count, dtype=dtype))

    def batch(self, step):
        self.step = step
        return super().batch(step)

    def parameters(self):
        named = dict(self.modules.named_parameters())
        return named if self.log_std is None else named | {"objective.log_std": self.log_std}

    def parts(self, x):
        mean, log_variance = self.modules["encoder"](x).chunk(2, dim=1)
        log_variance = log_variance.clamp(-30.0, 20.0)
        first = self.step * self.recipe["batch"]
        noise = torch.tensor([normal(first + row, mean.shape[1], CODE) for row in range(len(x))], dtype=self.dtype)
        code = mean + (log_variance / 2).exp() * noise
        kl = (mean.square() + log_variance.exp() - 1 - log_variance) / 2
        if self.recipe["free_bits"] > 0:
            kl = kl.clamp(min=self.recipe["free_bits"])
        decoder = self.modules["decoder"]
        logits = decoder[:-1](code)
        kind = self.recipe["kind"]
        if kind == "binary-cross-entropy":
            nats = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        elif kind == "continuous-bernoulli":
            nats = -torch.distributions.ContinuousBernoulli(logits=logits).log_prob(x)
        else:
            output = decoder[-1](logits)
            if kind == "gaussian":
                std = torch.tensor(self.recipe["std"], dtype=self.dtype)
            else:
                std = (self.recipe["minimum_std"] ** 2 + (2 * self.log_std).exp()).sqrt()
            nats = -torch.distributions.Normal(output, std).log_prob(x)
        return nats.sum(1).mean(), kl.sum(1).mean(), mean

    def loss(self, x, _):
        nats, kl, _ = self.parts(x)
        return nats + self.recipe["beta"] * kl


def of_variational(recipe, dtype):
    tensors = {}
    shared = {key: recipe[key] for key in ("inputs", "batch", "encoder", "decoder", "bottleneck", "minimum_std")}
    for kind, own in recipe["networks"].items():
        network = Variational(shared | own | {"kind": kind}, dtype)
        parameters = network.parameters()
        first = network.batch(0)
        nats, kl, mean = network.parts(first)
        # Narrows divides the objective by the number of values of a row, once.
        objective = network.loss(first, kind) / recipe["inputs"]
        gradient = dict(zip(parameters, map(numpy, torch.autograd.grad(objective, parameters.values()))))
        named = {"code": numpy(mean), "values": np.array([nats.item(), kl.item()])}
        named |= {f"grad/{name}": tensor for name, tensor in gradient.items()}
        optimizer = optimizer_of(recipe["optimizer"], parameters.values())
        losses = []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = network.loss(network.batch(step), kind)
            (loss / recipe["inputs"]).backward()
            optimizer.step()
            losses.append(loss.item())
        named["loss"] = np.array(losses)
        named |= {f"final/{name}": numpy(tensor) for name, tensor in parameters.items()}
        tensors |= {f"{kind}/{name}": tensor for name, tensor in named.items()}
    return tensors
