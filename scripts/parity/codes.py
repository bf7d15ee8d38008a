"""Codes behind a bottleneck, with penalties on them and on the decoder."""

import numpy as np
import torch
from torch.nn import functional as F

from .formula import PROBES, normal, probes
from .network import STEPS, Autoencoder, dense, numpy, optimizer_of

# A bottleneck, and penalties on the code. PyTorch has no layer for the first: its `topk` and a mask are.
CODES = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "reconstruction": "mse",
    "optimizer": {"kind": "adam", "learning_rate": 1e-2},
    "rho": 0.2,
    "probes": 2,
    "weights": {
        "l1": 0.02, "kl-sparsity": 0.05, "code-norm": 0.05, "decoder-jacobian": 0.3, "probed-decoder": 0.3, "mmd": 0.2,
    },
    "networks": {
        "top-k": {"encoder": [*dense(20)], "k": 4, "penalties": []},
        "l1": {"encoder": [*dense(10), {"layer": "silu"}, *dense(7)], "penalties": ["l1"]},
        "kl-sparsity": {"encoder": [*dense(10), {"layer": "sigmoid"}], "penalties": ["kl-sparsity"]},
        "code-norm": {"encoder": [*dense(10), {"layer": "silu"}, *dense(7)], "penalties": ["code-norm"]},
        "decoder-jacobian": {"encoder": [*dense(10), {"layer": "silu"}, *dense(5)], "penalties": ["decoder-jacobian"]},
        "probed-decoder": {"encoder": [*dense(10), {"layer": "silu"}, *dense(5)], "penalties": ["probed-decoder"]},
        "mmd": {"encoder": [*dense(10), {"layer": "silu"}, *dense(5)], "penalties": ["mmd"]},
        "regularized": {"encoder": [*dense(10), {"layer": "silu"}, *dense(5)], "penalties": ["code-norm", "mmd"]},
        "all": {"encoder": [*dense(9), {"layer": "sigmoid"}], "k": 8, "penalties": ["l1", "kl-sparsity"]},
    },
    "decoder": [*dense(9), {"layer": "tanh"}, *dense(12), {"layer": "sigmoid"}],
}  # fmt: skip

CODES_TENSORS = {
    "NETWORK/code": "[batch, code] of the first batch, before any update, behind the bottleneck",
    "NETWORK/output": "the outputs of the first batch, before any update",
    "NETWORK/values": "each penalty itself on the first batch, in order",
    "NETWORK/grad/NAME": "the gradient of the first loss by a parameter",
    "NETWORK/loss": "[steps] the mean squared error with the weighted penalties of each step, before its update",
    "NETWORK/final/NAME": "a parameter after the last step",
}


def mmd(codes, draws):
    """The U-statistic of Tolstikhin et al. 2018, with inverse multiquadratic kernels."""
    count, width = codes.shape

    def kernel(a, b):
        squares = (a[:, None] - b[None]).square().sum(2)
        return sum(2 * width * s / (2 * width * s + squares) for s in (0.1, 0.2, 0.5, 1, 2, 5, 10))

    others = 1 - torch.eye(count, dtype=codes.dtype)
    within = ((kernel(codes, codes) + kernel(draws, draws)) * others).sum() / (count * (count - 1))
    return within - 2 * kernel(codes, draws).sum() / count**2


class Codes(Autoencoder):
    """A network whose code passes a bottleneck and is penalized."""

    def batch(self, step):
        self.first = step * self.recipe["batch"]
        return super().batch(step)

    def decoder_norm(self, code, count):
        """The squared norm of the decoder's Jacobian, mean over rows; estimated by random signs if there is a count."""
        decode = lambda z: self.modules["decoder"](z[None])[0].flatten()
        rows = [torch.autograd.functional.jacobian(decode, row, create_graph=True) for row in code]
        jacobian = torch.stack(rows)
        if count is None:
            return jacobian.square().sum() / len(code)
        signs = np.stack([probes(self.first + row, count, code.shape[1]) for row in range(len(code))])
        through = jacobian @ torch.from_numpy(signs).to(self.dtype).transpose(1, 2)
        return through.square().sum() / (len(code) * count)

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
            elif penalty == "code-norm":
                found.append(code.square().sum(1).mean())
            elif penalty == "decoder-jacobian":
                found.append(self.decoder_norm(code, None))
            elif penalty == "probed-decoder":
                found.append(self.decoder_norm(code, self.recipe["probes"]))
            elif penalty == "mmd":
                draws = [normal(self.first + row, code.shape[1], PROBES) for row in range(len(code))]
                found.append(mmd(code, torch.tensor(draws, dtype=self.dtype)))
            else:
                assert penalty == "kl-sparsity"
                mean = code.mean(0)
                found.append((rho * (rho / mean).log() + (1 - rho) * ((1 - rho) / (1 - mean)).log()).sum())
        return found

    def loss(self, x, kind):
        weights = [self.recipe["weights"][penalty] for penalty in self.recipe["penalties"]]
        return F.mse_loss(self.run(x)[2], x) + sum(w * v for w, v in zip(weights, self.values(x)))


def of_codes(recipe, dtype):
    tensors = {}
    shared = {key: recipe[key] for key in ("inputs", "batch", "decoder", "rho", "probes", "weights")}
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
