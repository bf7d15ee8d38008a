"""JAX at its best on a CPU: all steps in one `lax.scan` under jit, buffers donated.

jax_peer.py steps KEY STEPS SEED DATA
jax_peer.py encode DATA
"""

import math
import sys
from functools import partial

import jax
import numpy
import optax
from jax import lax
from jax import numpy as jnp

from configurations import INPUTS, LEARNING_RATE, NOISE, SIMPLE, PENALTY_WEIGHT, configuration
from timing import median_seconds, print_record, steps_record


def uniform(random, shape, fan_in):
    """PyTorch's default initialization."""
    limit = 1 / math.sqrt(fan_in)
    return jnp.asarray(random.uniform(-limit, limit, shape), jnp.float32)


def dense_parameters(layers, random):
    return [
        (uniform(random, (inputs, outputs), inputs), uniform(random, (outputs,), inputs))
        for inputs, outputs in layers
    ]


def conv_parameters(random):
    """Kernels as height, width, input, output for the convolutions; input, height, width, output for the
    transposed ones, which do not overlap and are products."""
    return [
        (uniform(random, (3, 3, 1, 16), 9), uniform(random, (16,), 9)),
        (uniform(random, (3, 3, 16, 32), 144), uniform(random, (32,), 144)),
        # PyTorch takes the outputs for the inputs here.
        (uniform(random, (32, 2, 2, 16), 64), uniform(random, (16,), 64)),
        (uniform(random, (16, 2, 2, 1), 4), uniform(random, (1,), 4)),
    ]


def conv(rows, kernel, bias):
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(rows, kernel, (2, 2), ((1, 1), (1, 1)), dimension_numbers=layout) + bias


def transposed(rows, kernel, bias):
    count, height, width, _ = rows.shape
    pixels = jnp.einsum("nhwi,iyxo->nhywxo", rows, kernel)
    return pixels.reshape(count, 2 * height, 2 * width, -1) + bias


def conv_loss(parameters, rows, key):
    noisy = rows + NOISE * jax.random.normal(key, rows.shape)
    images = noisy.reshape(-1, 28, 28, 1)
    first, second, third, last = parameters
    code = jax.nn.relu(conv(jax.nn.relu(conv(images, *first)), *second))
    images = jax.nn.sigmoid(transposed(jax.nn.relu(transposed(code, *third)), *last))
    return jnp.mean((images.reshape(rows.shape) - rows) ** 2)


def dense_loss(one, parameters, rows, _key):
    layers = len(one.codes)
    values = [rows]
    for place, (weights, bias) in enumerate(parameters):
        out = values[-1] @ weights + bias
        is_code = place + 1 == layers
        is_last = place + 1 == len(parameters)
        if is_last:
            out = jax.nn.sigmoid(out)
        elif one.activation and not (is_code and one.has_linear_code):
            out = getattr(jax.nn, one.activation)(out)
        values.append(out)
    loss = jnp.mean((values[-1] - rows) ** 2)
    if one.penalty:
        loss += PENALTY_WEIGHT * penalty(one.penalty, parameters, values)
    return loss


def variational_loss(one, parameters, rows, key):
    """Cross-entropy of the logits + KL, of one code for each row."""
    code = len(one.codes)
    values = rows
    for place, (weights, bias) in enumerate(parameters):
        values = values @ weights + bias
        if place + 1 == code:
            mean, log_variance = jnp.split(values, 2, axis=1)
            divergence = 0.5 * jnp.sum(mean**2 + jnp.exp(log_variance) - 1 - log_variance)
            values = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        elif place + 1 < len(parameters):
            values = getattr(jax.nn, one.activation)(values)
    return (jnp.sum(jax.nn.softplus(values) - rows * values) + divergence) / rows.size


def penalty(kind, parameters, values):
    """The contractive penalty of a ReLU encoder of two layers, by products in closed form."""
    (first, _), (second, _), *_ = parameters
    hidden_on, code_on = (values[1] > 0).astype(jnp.float32), (values[2] > 0).astype(jnp.float32)
    if kind == "summed":
        back = (code_on @ second.T) * hidden_on
        return jnp.sum((back @ first.T) ** 2)
    # With the first layer's weights squared, the widest products are avoided.
    back = (code_on[:, :, None] * second.T) * hidden_on[:, None, :]
    back = back.reshape(-1, second.shape[0])
    return jnp.sum((back @ (first.T @ first)) * back) / len(code_on)


def orders(random, rows, batch, count):
    """Rows of each step, in a new order every epoch."""
    epochs = math.ceil(count / (rows // batch))
    whole = [random.permutation(rows)[: rows // batch * batch].reshape(-1, batch) for _ in range(epochs)]
    return jnp.asarray(numpy.concatenate(whole)[:count], jnp.int32)


def steps(key, count, seed, path):
    one = configuration(key)
    random = numpy.random.default_rng(int(seed))
    data = jnp.asarray(numpy.load(path).reshape(-1, INPUTS), jnp.float32) / 255
    parameters = conv_parameters(random) if one.is_conv else dense_parameters(one.layers, random)
    optimizer = optax.adam(LEARNING_RATE)
    loss_on = conv_loss if one.is_conv else partial(variational_loss if one.is_variational else dense_loss, one)

    @partial(jax.jit, donate_argnums=(0,))
    def scan(state, order, data):
        def step(state, rows):
            parameters, moments, random_key = state
            random_key, noise_key = jax.random.split(random_key)
            loss, gradient = jax.value_and_grad(loss_on)(parameters, data[rows], noise_key)
            updates, moments = optimizer.update(gradient, moments)
            return (optax.apply_updates(parameters, updates), moments, random_key), loss

        return lax.scan(step, state, order)

    state = (parameters, optimizer.init(parameters), jax.random.key(int(seed), impl="unsafe_rbg"))
    order = orders(random, len(data), one.batch, count)
    compiled = scan.lower(state, order, data).compile()

    def run():
        nonlocal state
        state, losses = compiled(state, order, data)
        return losses.tolist()

    print_record(steps_record(run, count))


def encode(path):
    """60,000 images through simple linear's encoder."""
    data = jnp.asarray(numpy.load(path).reshape(-1, INPUTS), jnp.float32) / 255
    widths = (INPUTS, *SIMPLE)
    parameters = dense_parameters(zip(widths, widths[1:]), numpy.random.default_rng(0))

    @jax.jit
    def encoder(rows):
        for weights, bias in parameters:
            rows = rows @ weights + bias
        return rows

    print_record({"seconds": median_seconds(lambda: encoder(data).block_until_ready())})


if __name__ == "__main__":
    action, *arguments = sys.argv[1:]
    if action == "steps":
        key, count, seed, path = arguments
        steps(key, int(count), seed, path)
    else:
        encode(*arguments)
