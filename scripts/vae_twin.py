"""Trains PyTorch's twin of the recipe `vae`: 784-400-20, binary cross-entropy + KL, Adam 1e-3, batches of 128, 10 epochs.

    narrows data convert --data mnist:train -o train.npy
    narrows data convert --data mnist:test -o test.npy
    python vae_twin.py train.npy test.npy --seed 0

README.md beside this file says how to run it.
"""

import argparse
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 400), nn.ReLU(), nn.Linear(400, 40))
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, 784))

    def losses(self, x):
        """Cross-entropy and KL in nats an image, means over the batch."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        code = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        nats = F.binary_cross_entropy_with_logits(self.decoder(code), x, reduction="sum") / len(x)
        kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2 / len(x)
        return nats, kl


def images(path):
    array = np.load(path)
    return torch.from_numpy(array.reshape(len(array), -1).astype(np.float32) / 255)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train")
    parser.add_argument("test")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    train, test = images(arguments.train), images(arguments.test)
    twin = Twin()
    # Narrows' Adam has an objective that is divided by the number of pixels; so has this one.
    optimizer = torch.optim.Adam(twin.parameters(), lr=1e-3)
    began = time.perf_counter()
    for _ in range(arguments.epochs):
        for rows in torch.randperm(len(train)).split(128):
            optimizer.zero_grad()
            nats, kl = twin.losses(train[rows])
            ((nats + kl) / 784).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        parts = [[part.item() * len(rows) for part in twin.losses(rows)] for rows in test.split(1000)]
    nats, kl = np.array(parts).sum(0) / len(test)
    print(f"test: cross-entropy {nats:.2f} + KL {kl:.2f} = {nats + kl:.2f} nats an image; {seconds:.1f} s of training")


if __name__ == "__main__":
    main()
