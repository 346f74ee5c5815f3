"""Each value to one point of an alphabet, with a gradient.

    w_j = softmax_j(-sigma |z - c_j|^2)        z_soft = sum_j w_j c_j
    out = the nearest c_j                      d out := d z_soft (straight through)

Distances to all points are never in memory for more than a chunk of the values: the forward pass
needs the nearest point alone, and the backward pass makes w again.

Paper: Tung, Kurka, Jankowski, Gunduz, "DeepJSCC-Q", IEEE JSAIT 2022, Sec. III.
"""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from semvet.types import Indices

CHUNK = 1 << 20  # distances in memory at a time

Values = Float[Tensor, "values dims"]
Alphabet = Float[Tensor, "points dims"]
Assignment = Float[Tensor, "values points"]


def closeness(z: Values, points: Alphabet) -> Assignment:
    """-|z - c_j|^2, but for the term |z|^2 that all points share."""
    return torch.addmm(-points.square().sum(dim=1), z, 2 * points.T)


def chunks(z: Values, points: Alphabet) -> Iterator[slice]:
    """Rows of z whose distances to all points fit into memory together."""
    rows = max(1, CHUNK // len(points))
    return (slice(i, i + rows) for i in range(0, len(z), rows))


def nearest(z: Values, points: Alphabet) -> Indices:
    """Of each value the nearest point's index."""
    found = [closeness(z[part], points).argmax(dim=1) for part in chunks(z, points)]
    return torch.cat(found) if found else torch.empty(0, dtype=torch.int64, device=z.device)


def soft_assignment(z: Values, points: Alphabet, sigma: float) -> Assignment:
    """w_j of each value; every row sums to 1."""
    return (sigma * closeness(z, points)).softmax(dim=1)


class _StraightThrough(torch.autograd.Function):
    """Nearest point forward; the soft assignment is made in the backward pass, chunk by chunk.

    With g the gradient at the output, e_j = w_j (g c_j - g z_soft) is that at -sigma |z - c_j|^2.
    """

    @staticmethod
    def forward(ctx: Any, z: Values, points: Alphabet, sigma: float) -> Values:
        ctx.save_for_backward(z, points)
        ctx.sigma = sigma
        return points[nearest(z, points)]

    @staticmethod
    def backward(ctx: Any, grad: Values) -> tuple[Values, Alphabet, None]:
        z, points = ctx.saved_tensors
        of_z, of_points = torch.empty_like(z), torch.zeros_like(points)
        with torch.autocast(z.device.type, enabled=False):
            for part in chunks(z, points):
                w, g = soft_assignment(z[part], points, ctx.sigma), grad[part]
                to_points = g @ points.T
                e = w * (to_points - (w * to_points).sum(dim=1, keepdim=True))
                of_z[part] = 2 * ctx.sigma * (e @ points)
                pull = e.T @ z[part] - e.sum(dim=0)[:, None] * points
                of_points += w.T @ g + 2 * ctx.sigma * pull
        return of_z, of_points, None


def quantize(z: Values, points: Alphabet, sigma: float) -> Values:
    """The nearest point of each value, with the gradient of its soft assignment.

    Args:
        z: values to assign.
        points: the alphabet, in as many dimensions.
        sigma: hardness, per unit of squared distance; the output does not depend on it.
    """
    with torch.autocast(z.device.type, enabled=False):
        return _StraightThrough.apply(z, points, sigma)
