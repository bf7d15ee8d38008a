"""What stands between the gradient and the step, and the learning rate's course."""

import numpy as np
import torch
from torch.optim import lr_scheduler

from .network import STEPS, Autoencoder, dense, numpy, optimizer_of

TRAINING = {
    "inputs": 12,
    "batch": 6,
    "steps": STEPS,
    "encoder": [*dense(10), {"layer": "silu"}, *dense(5)],
    "decoder": [*dense(10), {"layer": "tanh"}, *dense(12), {"layer": "sigmoid"}],
    "reconstruction": "mse",
    "clip_norm": 0.035,
    "clipped": {
        "clip-adam": {"kind": "adam", "learning_rate": 1e-2, "weight_decay": 0.01},
        "clip-sgd": {"kind": "sgd", "learning_rate": 1.0, "momentum": 0.9},
    },
    # Step k uses the samples k * 23 up to k * 23 + 22, the last batch of each having five.
    "accumulated": {"steps": 5, "rows": 23, "optimizer": {"kind": "adam", "learning_rate": 1e-2}},
    "learning_rate": 0.1,
    "epochs": 6,
    "steps_per_epoch": 8,
    "schedules": {
        "cosine": {"warmup": 0, "final": 0},
        "cosine-warmup": {"warmup": 1.5, "final": 0.05},
        "step": {"every": 2, "factor": 0.3},
    },
    "plateau": {"patience": 2, "factor": 0.3, "minimum": 0.05},
}  # fmt: skip

TRAINING_TENSORS = {
    "NAME/norm": "[steps] the norm of the gradient of each step, before it is clipped",
    "NAME/loss": "[steps] the mean squared error of each step, before its update",
    "NAME/final/PARAMETER": "a parameter after the last step",
    "accumulated/loss, accumulated/final/PARAMETER": "as above",
    "schedule/NAME": "[epochs * steps_per_epoch] the learning rate of each step",
    "schedule/plateau/loss": "[n] the loss of each epoch",
    "schedule/plateau": "[n] the learning rate after each epoch",
}


def of_training(recipe, dtype):
    tensors = {}
    for name, settings in recipe["clipped"].items():
        network = Autoencoder(recipe, dtype)
        parameters = list(network.modules.parameters())
        optimizer = optimizer_of(settings, parameters)
        losses, norms = [], []
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = network.loss(network.batch(step), "mse")
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, recipe["clip_norm"]).item())
            optimizer.step()
            losses.append(loss.item())
        assert min(norms) < recipe["clip_norm"] < max(norms), f"{name}: some steps are clipped: {norms}"
        tensors |= {f"{name}/norm": np.array(norms), f"{name}/loss": np.array(losses)}
        tensors |= {f"{name}/final/{key}": numpy(p) for key, p in network.modules.named_parameters()}
    return tensors | accumulated(recipe, dtype) | schedules(recipe)


def accumulated(recipe, dtype):
    """Steps of several batches, each batch's gradient weighted by its rows."""
    settings, network = recipe["accumulated"], Autoencoder(recipe, dtype)
    pool = torch.cat([network.batch(step) for step in range(STEPS)])
    optimizer = optimizer_of(settings["optimizer"], network.modules.parameters())
    losses = []
    for rows in pool.split(settings["rows"])[: settings["steps"]]:
        optimizer.zero_grad()
        mean = 0.0
        for batch in rows.split(recipe["batch"]):
            loss = network.loss(batch, "mse") * (len(batch) / len(rows))
            loss.backward()
            mean += loss.item()
        optimizer.step()
        losses.append(mean)
    final = {f"accumulated/final/{key}": numpy(p) for key, p in network.modules.named_parameters()}
    return {"accumulated/loss": np.array(losses)} | final


def schedules(recipe):
    rate, steps, epochs = recipe["learning_rate"], recipe["steps_per_epoch"], recipe["epochs"]
    tensors = {}
    for name, settings in recipe["schedules"].items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
        if name == "step":
            scheduler = lr_scheduler.StepLR(optimizer, settings["every"] * steps, settings["factor"])
        else:
            warmup = round(settings["warmup"] * steps)
            scheduler = lr_scheduler.CosineAnnealingLR(
                optimizer, steps * epochs - warmup, eta_min=rate * settings["final"]
            )
            if warmup:
                rising = lr_scheduler.LinearLR(optimizer, 1 / (warmup + 1), total_iters=warmup)
                scheduler = lr_scheduler.SequentialLR(optimizer, [rising, scheduler], [warmup])
        rates = []
        for _ in range(steps * epochs):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        tensors[f"schedule/{name}"] = np.array(rates)
    # Improvements, ever smaller; some below the threshold of one part in 10000.
    losses = [1.0, 0.9, 0.95, 0.89, 0.88999, 0.88995, 0.88992, 0.8, *[0.80001] * 4, 0.7, 0.75, 0.69999, *[0.7] * 8, 0.5]
    settings = recipe["plateau"]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=settings["factor"], patience=settings["patience"], min_lr=rate * settings["minimum"]
    )
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return tensors | {"schedule/plateau/loss": np.array(losses), "schedule/plateau": np.array(rates)}
