"""What one writes first in PyTorch: simple linear with a Dataset as torchvision's MNIST is, which makes a
picture and a tensor of each sample, and a DataLoader. One epoch. plain_script.py DATA"""

import sys
import time

import numpy
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from configurations import INPUTS, LEARNING_RATE, SIMPLE
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


def train_epoch(images):
    loader = DataLoader(Images(images), batch_size=64, shuffle=True)
    model = Autoencoder()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    total = 0.0
    for batch in loader:
        rows = batch.reshape(batch.size(0), -1)
        loss = criterion(model(rows), rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    return total / len(images)


if __name__ == "__main__":
    images = torch.from_numpy(numpy.load(sys.argv[1]).reshape(-1, 28, 28).astype(numpy.uint8))
    start = time.perf_counter()
    train_epoch(images)
    print_record({"seconds": time.perf_counter() - start})
