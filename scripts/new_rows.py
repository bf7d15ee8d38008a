"""Measures how near new images are to test images for four autoencoders of one network (3 x 256 units, a code of 8): plain,
regularized, variational and Wasserstein. Prints a table in Markdown.

    python scripts/new_rows.py --narrows target/release/narrows --out runs/new-rows

Needs no package beside Python's own.
"""

import argparse
import json
import subprocess
from pathlib import Path

CODE = "encoder[6].outputs=8"
VARIATIONAL = [
    "objective.penalties=[]",
    "objective.reconstruction=binary-cross-entropy",
    "bottleneck.kind=variational",
    # Means and log variances.
    "encoder[6].outputs=16",
]
# A name, a recipe, and what is set over it.
MODELS = [
    ("plain", "rae", ["objective.penalties=[]", CODE]),
    ("rae", "rae", [CODE]),
    ("vae", "rae", VARIATIONAL),
    ("wae", "wae", []),
]


def evaluated(arguments, name, recipe, settings, seed):
    """The evaluation of a model that is trained, and whose codes a mixture is fitted to."""
    run = arguments.out / f"{name}-{seed}"
    narrows = [arguments.narrows]
    if not (run / "model.safetensors").exists():
        sets = [word for setting in settings for word in ("--set", setting)]
        options = ["--seed", str(seed), "--epochs", str(arguments.epochs), "--out", str(run)]
        subprocess.run([*narrows, "train", recipe, *sets, *options], check=True)
        subprocess.run([*narrows, "fit-prior", str(run)], check=True)
    found = subprocess.run([*narrows, "evaluate", str(run), "--json"], check=True, stdout=subprocess.PIPE)
    return json.loads(found.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--narrows", default="narrows", help="the command")
    parser.add_argument("--out", type=Path, default=Path("runs/new-rows"), help="the folder of the runs")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = ["| model | seed | test MSE | standard normal | mixture | ratio | training images | codes | error |"]
    lines.append("|---" * 9 + "|")
    for name, recipe, settings in MODELS:
        for seed in range(arguments.seeds):
            evaluation = evaluated(arguments, name, recipe, settings, seed)
            mse, of = evaluation["model"]["test_mse"], evaluation["generation"]
            prior, fitted = of["prior_mmd"], of["fitted_mmd"]
            cells = [name, seed, f"{mse:.5f}", f"{prior:.4f}", f"{fitted:.4f}", f"{prior / fitted:.1f}" if fitted > 0 else "-"]
            cells += [f"{of['training_mmd']:.4f}", f"{of['code_mmd']:.5f}", f"{of['code_mmd_standard_error']:.5f}"]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
