"""Distortion outage: images that are received worse than an agreed quality.

    P_out(t) = P(PSNR(x, x_hat) < t)

Paper: the distortion-outage probability of Zhang et al. 2024 (SemBugger's "SCAN"), there with a
    measure of their own.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def outage(errors: Float[Tensor, "draws batch"], *, psnr_db: float) -> Bool[Tensor, "draws batch"]:
    """Whether each mean squared error on the [0, 1] scale lies above that of `psnr_db`."""
    return errors > torch.tensor(10 ** (-psnr_db / 10))
