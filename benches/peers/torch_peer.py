"""PyTorch at its best on a CPU: eager, fused Adam, data in memory as float32, batches by index.

torch_peer.py steps KEY STEPS SEED DATA
torch_peer.py encode DATA
"""

import sys

import numpy
import torch
from torch import nn
from torch.nn import functional

from configurations import INPUTS, LEARNING_RATE, NOISE, SIMPLE, PENALTY_WEIGHT, configuration
from timing import median_seconds, print_record, steps_record


def dense_network(one):
    """Encoder and decoder as lists of layers."""
    layers = []
    for place, (inputs, outputs) in enumerate(one.layers):
        layers.append(nn.Linear(inputs, outputs))
        is_code = place + 1 == len(one.codes)
        if one.activation and outputs != INPUTS and not (is_code and one.has_linear_code):
            layers.append({"relu": nn.ReLU, "silu": nn.SiLU}[one.activation]())
    layers.append(nn.Sigmoid())
    return nn.Sequential(*layers)


def conv_network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 2, stride=2), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 2, stride=2), nn.Sigmoid(),
    )


def penalty(network, rows, kind):
    """The contractive penalty of a ReLU encoder of two layers, by products in closed form."""
    first, second = network[0].weight, network[2].weight
    hidden = network[1](network[0](rows))
    code = network[3](network[2](hidden))
    hidden_on, code_on = (hidden > 0).float(), (code > 0).float()
    if kind == "summed":
        back = (code_on @ second) * hidden_on
        return code, (back @ first).square().sum()
    # With the first layer's weights squared, the widest products are avoided.
    back = (code_on[:, :, None] * second) * hidden_on[:, None, :]
    back = back.reshape(-1, second.shape[1])
    return code, ((back @ (first @ first.T)) * back).sum() / len(rows)


def variational_loss(network, one):
    """Cross-entropy of the logits + KL, of one code for each row."""
    end = 2 * len(one.codes) - 1
    encoder, decoder = network[:end], network[end:-1]

    def loss(rows):
        mean, log_variance = encoder(rows).chunk(2, dim=1)
        code = torch.randn_like(mean).mul(log_variance.mul(0.5).exp()).add(mean)
        nats = functional.binary_cross_entropy_with_logits(decoder(code), rows, reduction="sum")
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
        return (nats + divergence) / rows.numel()

    return loss


def loss_of(network, one):
    if one.is_variational:
        return variational_loss(network, one)
    if one.is_conv:
        return lambda rows: functional.mse_loss(network(rows + NOISE * torch.randn_like(rows)), rows)
    if not one.penalty:
        return lambda rows: functional.mse_loss(network(rows), rows)
    decoder = network[4:]

    def contractive(rows):
        code, value = penalty(network, rows, one.penalty)
        return functional.mse_loss(decoder(code), rows) + PENALTY_WEIGHT * value

    return contractive


def steps(key, count, seed, path):
    one = configuration(key)
    torch.manual_seed(int(seed))
    data = torch.from_numpy(numpy.load(path).reshape(-1, INPUTS)).float() / 255
    if one.is_conv:
        data = data.reshape(-1, 1, 28, 28)
    network = conv_network() if one.is_conv else dense_network(one)
    loss_on = loss_of(network, one)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)

    def run():
        losses = []
        while len(losses) < count:
            order = torch.randperm(len(data))[: len(data) // one.batch * one.batch]
            for rows in order.split(one.batch)[: count - len(losses)]:
                optimizer.zero_grad(set_to_none=True)
                loss = loss_on(data[rows])
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
        return torch.stack(losses).tolist()

    print_record(steps_record(run, count))


def encode(path):
    """60,000 images through simple linear's encoder."""
    data = torch.from_numpy(numpy.load(path).reshape(-1, INPUTS)).float() / 255
    widths = (INPUTS, *SIMPLE)
    encoder = nn.Sequential(*(nn.Linear(a, b) for a, b in zip(widths, widths[1:])))

    def run(block):
        with torch.inference_mode():
            return torch.cat([encoder(rows) for rows in data.split(block)])

    print_record({"seconds": min(median_seconds(lambda: run(block)) for block in (1000, 60000))})


if __name__ == "__main__":
    torch.set_flush_denormal(True)
    action, *arguments = sys.argv[1:]
    if action == "steps":
        key, count, seed, path = arguments
        steps(key, int(count), seed, path)
    else:
        encode(*arguments)
