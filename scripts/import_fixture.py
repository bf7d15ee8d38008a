"""Makes the fixture of `narrows import`: the weights of a small autoencoder as PyTorch users save them,
and what PyTorch makes of some rows with them.

README.md beside this file says how to run it.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FIXTURES = Path(__file__).parent.parent / "crates/narrows/tests/fixtures"
ROWS, SHAPE = 5, (1, 6, 5)


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(90, 4), nn.Tanh()
        )
        self.decoder = nn.Sequential(nn.Linear(4, 30), nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return code, self.decoder(code)


def main():
    torch.manual_seed(1)
    model = Autoencoder()
    pixels = [(i * 2_654_435_761 % 2**32) >> 24 for i in range(ROWS * math.prod(SHAPE))]
    rows = torch.tensor(pixels, dtype=torch.float64).reshape(ROWS, -1)
    with torch.no_grad():
        code, output = model.double()((rows / 255).reshape(ROWS, *SHAPE))
    tensors = {"rows": rows, "code": code, "reconstruction": output * 255}
    save_file({k: v.float().contiguous() for k, v in model.state_dict().items()}, FIXTURES / "import-weights.safetensors")
    save_file({k: v.float().contiguous() for k, v in tensors.items()}, FIXTURES / "import-expected.safetensors")


if __name__ == "__main__":
    main()
