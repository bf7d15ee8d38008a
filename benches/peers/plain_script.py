"""What one writes first in PyTorch: a network with a Dataset as torchvision's MNIST is, which makes a
picture and a tensor of each sample, and a DataLoader. One epoch. plain_script.py simple-linear|vae DATA"""

import sys
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from configurations import INPUTS, LEARNING_RATE, SIMPLE, VARIATIONAL
from timing import print_record


def to_tensor(image):
    """As torchvision's ToTensor."""
    pixels = torch.from_numpy(numpy.array(image, numpy.uint8, copy=True))
    return pixels.view(image.size[1], image.size[0], 1).permute(2, 0, 1).contiguous().float().div(255)


class Images(Dataset):
    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return to_tensor(Image.fromarray(self.images[index].numpy()))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        widths = (INPUTS, *SIMPLE)
        pairs = list(zip(widths, widths[1:]))
        self.encoder = nn.Sequential(*(nn.Linear(a, b) for a, b in pairs))
        self.decoder = nn.Sequential(*(nn.Linear(b, a) for a, b in reversed(pairs)), nn.Sigmoid())

    def forward(self, rows):
        return self.decoder(self.encoder(rows))

    def loss(self, rows):
        return functional.mse_loss(self(rows), rows)


class VariationalAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        hidden, code = VARIATIONAL
        self.hidden = nn.Linear(INPUTS, hidden)
        self.mean = nn.Linear(hidden, code)
        self.log_variance = nn.Linear(hidden, code)
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, INPUTS), nn.Sigmoid())

    def forward(self, rows):
        hidden = functional.relu(self.hidden(rows))
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        std = torch.exp(0.5 * log_variance)
        return self.decoder(mean + std * torch.randn_like(std)), mean, log_variance

    def loss(self, rows):
        reconstruction, mean, log_variance = self(rows)
        nats = functional.binary_cross_entropy(reconstruction, rows, reduction="sum")
        divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        return (nats + divergence) / len(rows)


# The class and the batch of each.
NETWORKS = {"simple-linear": (Autoencoder, 64), "vae": (VariationalAutoencoder, 128)}


def train_epoch(name, images):
    network, batch_size = NETWORKS[name]
    loader = DataLoader(Images(images), batch_size=batch_size, shuffle=True)
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    total = 0.0
    for batch in loader:
        rows = batch.reshape(batch.size(0), -1)
        loss = model.loss(rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(images)


if __name__ == "__main__":
    name, path = sys.argv[1:]
    images = torch.from_numpy(numpy.load(path).reshape(-1, 28, 28).astype(numpy.uint8))
    start = time.perf_counter()
    train_epoch(name, images)
    print_record({"seconds": time.perf_counter() - start})
