"""Makes the fixture that Narrows' measures are held against: crates/narrows/tests/fixtures/metrics.safetensors.

scikit-image and scikit-learn compute in float64 from numbers that float32 represents exactly, which
are stored beside the results. README.md beside this file says how to run it.
"""

import json
from pathlib import Path

import numpy as np
import skimage
import sklearn
from safetensors.numpy import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COMPONENTS = 4
NEIGHBORS = 5


def single(values):
    """As float32 holds them."""
    return np.asarray(values).astype(np.float32).astype(np.float64)


def smooth_images(random):
    """[rows, channels, height, width] with structure, in 0 to 255, and noisy ones that leave it."""
    y, x = np.mgrid[0:13, 0:10]
    waves = random.uniform(0.2, 1.2, (6, 2, 1, 1)), random.uniform(0.2, 1.2, (6, 2, 1, 1))
    clean = np.round(127.5 + 127.5 * np.sin(waves[0] * x + waves[1] * y))
    levels = np.array([0, 2, 10, 40, 80, 160]).reshape(6, 1, 1, 1)
    return single(clean), single(clean + levels * random.normal(size=clean.shape))


def of_images(random):
    clean, other = smooth_images(random)
    ssim = [structural_similarity(a, b, channel_axis=0, data_range=255) for a, b in zip(clean, other)]
    assert ssim[0] == 1 and min(ssim) < 0.5
    return {
        "images/clean": clean,
        "images/other": other,
        "images/ssim": np.array(ssim),
        "images/psnr": np.array([peak_signal_noise_ratio(clean, other, data_range=255)]),
    }


def of_pca(random):
    mixing = random.normal(size=(12, 12)) * 0.7 ** np.arange(12).reshape(12, 1)
    rows = single(5 + random.normal(size=(200, 12)) @ mixing)
    test = single(5 + random.normal(size=(40, 12)) @ mixing)
    pca = PCA(COMPONENTS, svd_solver="full").fit(rows)
    return {
        "pca/rows": rows,
        "pca/test": test,
        "pca/mean": pca.mean_,
        "pca/components": pca.components_,
        "pca/explained_variance": pca.explained_variance_,
        "pca/codes": pca.transform(test),
        "pca/reconstructions": pca.inverse_transform(pca.transform(test)),
    }


def of_classes(random, name, labels):
    """Overlapping classes; one value of the code never changes, others are of other sizes."""
    centers = random.normal(size=(len(labels), 6))

    def codes(count):
        chosen = random.integers(len(labels), size=count)
        values = centers[chosen] + 0.9 * random.normal(size=(count, 6))
        values = values * np.array([1, 10, 0.1, 1, 1, 3]) + np.array([0, 5, 0, -20, 0, 0])
        values[:, 4] = 0.75
        return single(values), np.array(labels)[chosen]

    (train, truth), (test, _) = codes(240), codes(120)
    ridge = make_pipeline(StandardScaler(), RidgeClassifier(alpha=1)).fit(train, truth)
    neighbors = KNeighborsClassifier(NEIGHBORS, algorithm="brute").fit(train, truth)
    check_neighbors(neighbors, test, truth)
    decision = ridge.decision_function(test)
    return {
        f"{name}/train": train,
        f"{name}/labels": truth,
        f"{name}/test": test,
        f"{name}/decision": decision.reshape(len(test), -1),
        f"{name}/ridge": ridge.predict(test),
        f"{name}/neighbors": neighbors.predict(test),
    }


def check_neighbors(neighbors, test, truth):
    """No two distances may be so close that rounding chooses; some votes must be equal."""
    distances, indices = neighbors.kneighbors(test, NEIGHBORS + 1)
    assert (np.diff(distances, axis=1)[:, -1] > 1e-4).all(), "a neighbor is chosen by rounding"
    votes = [np.unique(truth[row[:NEIGHBORS]], return_counts=True)[1] for row in indices]
    assert len(np.unique(truth)) == 2 or any((v == v.max()).sum() > 1 for v in votes), "no equal votes"


TENSORS = {
    "images/clean, images/other": "[rows, channels, height, width], values that span 255",
    "images/ssim": "[rows] structural_similarity(channel_axis=0, data_range=255)",
    "images/psnr": "[1] peak_signal_noise_ratio(data_range=255) over all rows",
    "pca/rows, pca/test": "[rows, inputs]: what is fitted, and what is transformed",
    "pca/*": f"PCA({COMPONENTS}, svd_solver='full'); the explained variance is divided by rows - 1",
    "classes/*, two/*": "codes and labels; RidgeClassifier(alpha=1) after StandardScaler, with its decision "
    f"function, and KNeighborsClassifier({NEIGHBORS}) on the codes as they are, on `test`",
}


def main():
    random = np.random.default_rng(7)
    tensors = of_images(random) | of_pca(random)
    tensors |= of_classes(random, "classes", [-3, 0, 2, 7, 40]) | of_classes(random, "two", [1, 5])
    inputs = ("images/clean", "images/other", "pca/rows", "pca/test", "/train", "classes/test", "two/test")
    stored = {
        name: np.ascontiguousarray(tensor.astype(np.float32) if name.endswith(inputs) else tensor)
        for name, tensor in sorted(tensors.items())
    }
    about = {
        "made_by": "scripts/metrics.py",
        "scikit-image": skimage.__version__,
        "scikit-learn": sklearn.__version__,
        "tensors": TENSORS,
    }
    path = Path(__file__).parent.parent / "crates/narrows/tests/fixtures/metrics.safetensors"
    save_file(stored, path, {"metrics": json.dumps(about)})
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
