#!/usr/bin/env python3
"""The denoising network of the classic study in PyTorch, trained for three epochs from several seeds: its test error
from each, and their mean and deviation, to hold `narrows compare denoising --epochs 3 --seeds 12` against. The test
error is the mean over several noises for each image, as Narrows' is; how far one noise leads from another is said too.

    narrows data convert --data mnist:train -o train.npy
    narrows data convert --data mnist:test -o test.npy
    python scripts/denoising_seeds.py train.npy test.npy --seeds 12
"""

import argparse
import statistics

import numpy as np
import torch
from torch import nn

DEVIATION = 0.8
EPOCHS = 3
BATCH = 32


def images(path):
    return torch.from_numpy(np.load(path)).reshape(-1, 1, 28, 28).float() / 255


def noisy(clean):
    return clean + DEVIATION * torch.randn_like(clean)


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 2, 2), nn.ReLU(), nn.ConvTranspose2d(16, 1, 2, 2), nn.Sigmoid(),
    )


def test_errors(train, test, seed, draws):
    """The error with each noise."""
    torch.manual_seed(seed)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    for _ in range(EPOCHS):
        order = torch.randperm(len(train))
        for start in range(0, len(train), BATCH):
            clean = train[order[start:start + BATCH]]
            loss = nn.functional.mse_loss(model(noisy(clean)), clean)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        return [nn.functional.mse_loss(model(noisy(test)), test).item() for _ in range(draws)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", help="the training images, .npy")
    parser.add_argument("test", help="the test images, .npy")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--draws", type=int, default=5, help="noises for each test image, 2 or more")
    given = parser.parse_args()
    if given.seeds < 1 or given.draws < 2:
        parser.error("--seeds is 1 or more, --draws 2 or more")
    train, test = images(given.train), images(given.test)
    errors, variances = [], []
    for seed in range(given.seeds):
        drawn = test_errors(train, test, seed, given.draws)
        errors.append(statistics.mean(drawn))
        variances.append(statistics.variance(drawn))
        print(f"seed {seed:>2}   {errors[-1]:.5f}", flush=True)
    print(f"from noise to noise ± {statistics.mean(variances) ** 0.5:.6f}")
    if len(errors) > 1:
        print(f"{statistics.mean(errors):.5f} ± {statistics.stdev(errors):.5f}, {min(errors):.5f} to {max(errors):.5f}")


if __name__ == "__main__":
    main()
