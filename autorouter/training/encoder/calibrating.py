"""Fits how far each reader is believed: temperatures, and the weights with which two are mixed. Pure."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

LEAST = 1e-6
Rows = npt.NDArray[np.float64]


def weights(labels: Rows, *readers: Rows) -> list[float]:
    """By which the readers' log probabilities (n, k) are multiplied before they are added, so that the labels (n, k; rows of
    probabilities) are likeliest. Of one reader: 1 over its temperature."""
    logs = np.stack([np.log(np.maximum(reader, LEAST)) for reader in readers])

    def loss(factors: Rows) -> float:
        sums = np.tensordot(factors, logs, axes=1)
        sums -= sums.max(-1, keepdims=True)
        found = sums - np.log(np.exp(sums).sum(-1, keepdims=True))
        return float(-(labels * found).sum(-1).mean())

    found = minimize(loss, np.full(len(readers), 1 / len(readers)), bounds=[(0.01, 5)] * len(readers))
    return [float(factor) for factor in found.x]
