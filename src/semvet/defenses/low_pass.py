"""Low-pass filter: only the coarse DCT coefficients of an image are sent.

    X = D_h x D_w^T,   X_uv -> X_uv [(u / height)^2 + (v / width)^2 <= cutoff^2],   back, clipped

D is the orthonormal DCT-II, so that a cutoff of sqrt(2) changes nothing. Differentiable.

Paper: none; what a trigger of high spatial frequency cannot pass.
Deviates: shape of the band and cutoff (D-036).
"""

from typing import Annotated, final

import torch
from annotated_types import Gt, Le
from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.filters.purification import Filter, purified
from semvet.triggers.spectrum import dct_matrix
from semvet.types import Images


@final
class LowPass(Defense):
    """Args:
    cutoff: largest frequency that passes, as a share of the finest one along an axis.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(self, *, cutoff: Annotated[float, Gt(0), Le(1.5)] = 0.7):
        self.transform = self.filter = Filter(lambda x: low_pass(x, cutoff=cutoff))

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return purified(view, self.filter)


def low_pass(x: Images, *, cutoff: float) -> Images:
    """What is left of [0, 1] images, in [0, 1]."""
    height, width = x.shape[2:]
    rows, columns = dct_matrix(height).to(x.device), dct_matrix(width).to(x.device)
    u, v = torch.arange(height, device=x.device), torch.arange(width, device=x.device)
    passes = (u[:, None] / height).square() + (v / width).square() <= cutoff**2
    spectrum = rows @ x @ columns.T
    return (rows.T @ (spectrum * passes) @ columns).clamp(0, 1)
