"""What is measured: networks with their batches, and the targets."""

from dataclasses import dataclass

INPUTS = 784
LEARNING_RATE = 1e-3
PENALTY_WEIGHT = 1e-4
NOISE = 0.8


@dataclass(frozen=True)
class Configuration:
    """A training step. Narrows knows it by `key` (crates/narrows/benches/step.rs)."""

    key: str
    title: str
    batch: int
    steps: int
    codes: tuple = ()
    # Between the layers: "", "relu" or "silu".
    activation: str = ""
    penalty: str = ""
    # The code is drawn from a normal distribution; the loss is cross-entropy + KL, in nats by INPUTS.
    is_variational: bool = False

    @property
    def is_conv(self):
        return not self.codes

    @property
    def widths(self):
        """Of a dense network's layers, from the input to the output."""
        encoder = (INPUTS, *self.codes)
        return encoder + encoder[-2::-1]

    @property
    def layers(self):
        """The inputs and outputs of each layer of a dense network; a variational encoder gives means and log variances."""
        pairs = list(zip(self.widths, self.widths[1:]))
        if self.is_variational:
            inputs, outputs = pairs[len(self.codes) - 1]
            pairs[len(self.codes) - 1] = (inputs, 2 * outputs)
        return pairs

    @property
    def has_linear_code(self):
        return not self.penalty


SIMPLE = (128, 64, 32, 16, 8)
DEEP = (512, 256, 128, 64, 16, 3)
HINTON = (1000, 500, 250, 30)
CONTRACTIVE = (256, 64)
VARIATIONAL = (400, 20)

CONFIGURATIONS = (
    Configuration("simple-linear-64", "simple linear, 64", 64, 400, SIMPLE),
    Configuration("simple-linear-1024", "simple linear, 1024", 1024, 174, SIMPLE),
    Configuration("deep-linear-64", "deep linear, 64", 64, 400, DEEP),
    Configuration("784-1000-500-250-30-relu-64", "784-1000-500-250-30, 64", 64, 200, HINTON, activation="relu"),
    Configuration("784-1000-500-250-30-relu-512", "784-1000-500-250-30, 512", 512, 80, HINTON, activation="relu"),
    Configuration("784-1000-500-250-30-silu-256", "deep (SiLU), 256", 256, 100, HINTON, activation="silu"),
    Configuration("contractive-summed-64", "contractive summed, 64", 64, 400, CONTRACTIVE, activation="relu", penalty="summed"),
    Configuration("contractive-jacobian-64", "contractive jacobian, 64", 64, 200, CONTRACTIVE, activation="relu", penalty="jacobian"),
    Configuration("conv-denoising-32", "conv denoising, 32", 32, 400),
    Configuration("conv-denoising-256", "conv denoising, 256", 256, 117),
    Configuration("vae-128", "vae, 128", 128, 400, VARIATIONAL, activation="relu", is_variational=True),
)


def configuration(key):
    return next(one for one in CONFIGURATIONS if one.key == key)


@dataclass(frozen=True)
class Target:
    """The most that Narrows should take of a peer's time, and the least of the multiply-add rate."""

    key: str
    peer: str
    ratio: float
    of_rate: float = 0.0


TARGETS = (
    Target("simple-linear-64", "JAX", 0.60, 0.65),
    Target("simple-linear-1024", "PyTorch", 0.40, 0.80),
    Target("deep-linear-64", "JAX", 0.70),
    Target("784-1000-500-250-30-relu-64", "JAX", 0.70),
    Target("784-1000-500-250-30-relu-512", "JAX", 0.80, 0.80),
    # With AMX 0.70.
    Target("784-1000-500-250-30-silu-256", "JAX", 1.0),
    Target("contractive-summed-64", "JAX", 0.80, 0.65),
    Target("contractive-jacobian-64", "JAX", 0.30),
    Target("conv-denoising-32", "PyTorch", 0.30, 0.30),
    Target("encode", "ONNX Runtime", 0.95, 0.80),
    Target("command", "PyTorch", 1 / 15),
)
