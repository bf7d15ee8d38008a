"""A network from its recipe, with the formula's parameters: its losses, penalties, gradients and steps."""

import numpy as np
import torch
from sequential import Tied, autoencoder
from torch.nn import functional as F

from .formula import batch_of, parameter, probes, uniform

STEPS = 20
HUBER_DELTA = 0.5


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
        self.modules = autoencoder(
            recipe["encoder"], recipe["decoder"], self.shape, share=True, bottleneck=recipe.get("bottleneck")
        ).to(dtype)
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


PYTORCH_OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def optimizer_of(settings, parameters):
    rest = {key: v for key, v in settings.items() if key not in ("kind", "learning_rate")}
    return PYTORCH_OPTIMIZERS[settings["kind"]](parameters, lr=settings["learning_rate"], **rest)
