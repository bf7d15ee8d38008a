"""Compares a linear variational autoencoder with its closed form, probabilistic PCA (Tipping & Bishop 1999).

    narrows train vae-linear --out runs/vae-linear
    narrows data convert --data mnist:train -o train.npy
    python linear_vae.py runs/vae-linear/model.safetensors train.npy

README.md beside this file says how to run it.
"""

import argparse
import json

import numpy as np
from safetensors import safe_open


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the model.safetensors of a run of `vae-linear`")
    parser.add_argument("rows", help="the training rows, .npy")
    arguments = parser.parse_args()
    with safe_open(arguments.model, framework="np") as file:
        about = json.loads(file.metadata()["narrows"])
        tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}
    rows = np.load(arguments.rows).astype(np.float64)
    rows = rows.reshape(len(rows), -1)
    offset, factor = (np.array(about["scaling"][key], dtype=np.float64) for key in ("offset", "factor"))
    x = (rows - offset) * factor
    count, inputs = x.shape
    decoder, bias = tensors["decoder.0.weight"], tensors["decoder.0.bias"]
    code = decoder.shape[1]

    # Probabilistic PCA by maximum likelihood.
    mean = x.mean(0)
    values, vectors = np.linalg.eigh((x - mean).T @ (x - mean) / count)
    values, vectors = values[::-1], vectors[:, ::-1]
    variance = values[code:].mean()
    logs = np.log(values[:code]).sum() + (inputs - code) * np.log(variance)
    best = -0.5 * (inputs * np.log(2 * np.pi) + logs + inputs)

    # The bound of the model, with the expectation over the codes in closed form.
    minimum = about["recipe"]["objective"]["minimum_std"]
    learned = minimum**2 + np.exp(2 * tensors["objective.log_std"][0])
    encoded = x @ tensors["encoder.0.weight"].T + tensors["encoder.0.bias"]
    means, stds = encoded[:, :code], np.exp(encoded[:, code:].clip(-30, 20) / 2)
    errors = ((x - means @ decoder.T - bias) ** 2).sum(1) + (stds**2 @ (decoder**2).sum(0))
    nats = 0.5 * (inputs * np.log(2 * np.pi * learned) + errors / learned)
    divergence = 0.5 * (means**2 + stds**2 - 1 - 2 * np.log(stds)).sum(1)
    bound = -(nats + divergence).mean()

    # The largest angle between the two subspaces.
    basis, _ = np.linalg.qr(decoder)
    cosine = np.linalg.svd(basis.T @ vectors[:, :code], compute_uv=False).min()
    print(f"log likelihood of probabilistic PCA  {best:10.3f} nats a row")
    print(f"evidence lower bound of the model    {bound:10.3f} nats a row, {abs((bound - best) / best):.3%} from it")
    print(f"variance                             {learned:10.6f}, {variance:.6f}: {learned / variance - 1:+.2%}")
    print(f"largest angle of the subspaces       {np.degrees(np.arccos(min(cosine, 1.0))):10.2f} degrees")


if __name__ == "__main__":
    main()
