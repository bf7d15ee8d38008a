"""The formula of all parameters and inputs. Uint64 arithmetic wraps; float32 operations are single and in this order, so
that any other program that follows it gets the same bits.
"""

import math

import numpy as np
import torch

INPUTS_AT = 1 << 56
SIGNS_AT = 2 << 56

# The last word of the counter that Narrows draws probes with.
PROBES = 6

DROPOUT = 12

FORMULA = {
    "hash(i)": "z = (i + 1) * 0x9E3779B97F4A7C15; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9; "
    "z = (z ^ z >> 27) * 0x94D049BB133111EB; z ^ z >> 31, all wrapping in 64 bits",
    "value(i)": "(hash(i) >> 40) / 2^24, exact in float32",
    "parameter": "tensor number t (encoder's, then decoder's; weight, then bias, of each dense layer), element i: "
    "(2 * value(t * 2^32 + i) - 1) * (1 / sqrt(fan_in)), each operation in float32",
    "input": "element j of sample s: value(2^56 + s * inputs + j), squared in float32",
    "batch": "step k uses the samples k * batch up to (k + 1) * batch - 1",
    "sign": "projection p, element i: +1 if the top bit of hash(2^57 + p * 2^40 + i) is 0, else -1",
}


def hash_of(index):
    z = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def indices(start, count):
    return np.arange(count, dtype=np.uint64) + np.uint64(start)


def value(start, count):
    return (hash_of(indices(start, count)) >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)


def parameter(tensor, count, fan_in):
    u = value(tensor << 32, count)
    return (np.float32(2) * u - np.float32(1)) * (np.float32(1) / np.sqrt(np.float32(fan_in)))


def batch_of(step, batch, shape, dtype):
    count = batch * math.prod(shape)
    u = value(INPUTS_AT + step * count, count)
    return torch.from_numpy(u * u).to(dtype).reshape(batch, *shape)


def sign(projection, count):
    top = hash_of(indices(SIGNS_AT + (projection << 40), count)) >> np.uint64(63)
    return 1.0 - 2.0 * top.astype(np.float64)


def probes(sample, count, width):
    """[count, width]: the random signs of a sample, as Narrows draws them."""
    blocks = -(-count * width // 4)
    words = np.concatenate([philox([block, sample, 0, PROBES]) for block in range(blocks)])
    return np.where(words[: count * width] >> 31 == 0, -1.0, 1.0).reshape(count, width)


def philox(counter):
    """The four words of Philox4x32-10 with the key 0 (Salmon et al. 2011)."""
    low = (1 << 32) - 1
    key = [0, 0]
    for _ in range(10):
        a, b = counter[0] * 0xD2511F53, counter[2] * 0xCD9E8D57
        counter = [b >> 32 ^ counter[1] ^ key[0], b & low, a >> 32 ^ counter[3] ^ key[1], a & low]
        key = [key[0] + 0x9E3779B9 & low, key[1] + 0xBB67AE85 & low]
    return np.array(counter, dtype=np.uint32)


def normal(sample, width, purpose):
    """Standard normal numbers of a sample in epoch 0 (Box & Muller 1958), as Narrows draws them for a purpose, in double
    precision."""
    numbers = []
    for block in range(-(-width // 4)):
        words = philox([block, sample, 0, purpose]).astype(np.float64)
        for word, other in (words[:2], words[2:]):
            radius = math.sqrt(-2.0 * math.log((word + 0.5) / 2.0**32))
            angle = 2.0 * math.pi * other / 2.0**32
            numbers += [radius * math.cos(angle), radius * math.sin(angle)]
    return numbers[:width]


def uniform(sample, width, part):
    """The uniform numbers of a sample in epoch 0 for one of several layers that drop values, as Narrows draws them."""
    blocks = -(-width // 4)
    words = np.concatenate([philox([block, sample, 0, DROPOUT | part << 8]) for block in range(blocks)])
    return (words[:width] >> 8).astype(np.float32) / np.float32(1 << 24)
