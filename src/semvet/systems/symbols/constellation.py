"""Finite alphabets of unit power, fixed or learned.

    QAM      c = (2a + 1 - L) + i (2b + 1 - L), a and b in 0..L-1, L = sqrt(M), over the root of its
             mean power 2 (M - 1) / 3
    learned  c_j / sqrt(sum_j P_j |c_j|^2), initially QAM; P_j: how often c_j was nearest of late

A symbol becomes its nearest point, with the gradient that `assignment` defines; its hardness is
sigma d^2, d being the distance of neighbours in QAM. The two axes of QAM are independent, so each
real value is assigned to one of L levels.

Paper: Tung, Kurka, Jankowski, Gunduz, "DeepJSCC-Q", IEEE JSAIT 2022, Sec. III.
Deviates: QAM has unit mean power, the authors' code gives its corners unit power. P_j is a running
    mean that training feeds and evaluation leaves alone, instead of the batch's own: no image may
    see its batch mates. Hardness is relative to d: at the same sigma the gradient of 4 points
    vanishes while that of 64 is soft (D-016).
"""

from abc import ABC, abstractmethod
from math import isqrt
from typing import final

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from semvet.systems.symbols.assignment import Alphabet, nearest, quantize, soft_assignment
from semvet.types import Scalar, Symbols

MEMORY = 0.02  # weight of the newest batch in the running likelihoods

Points = Complex[Tensor, " points"]
Likelihoods = Float[Tensor, " points"]


def pam(levels: int) -> Float[Tensor, " levels"]:
    """One axis of square QAM with mean power 1/2: equally spaced, symmetric, ascending."""
    spaced = torch.arange(1.0 - levels, levels, 2.0, dtype=torch.float64)
    return (spaced / (2 * (levels**2 - 1) / 3) ** 0.5).float()


def divergence_from_uniform(likelihoods: Likelihoods) -> Scalar:
    """KL(P || U) in nats, 0 to log M."""
    return (likelihoods * (likelihoods * len(likelihoods)).clamp(min=1e-12).log()).sum()


class Constellation(nn.Module, ABC):
    """M points in the complex plane.

    Args:
        size: M, a square.
    """

    def __init__(self, size: int):
        super().__init__()
        self.size = size

    def sigma(self, hardness: float) -> float:
        """Hardness per unit of squared distance; d^2 = 6 / (M - 1) for QAM of unit power."""
        return hardness * (self.size - 1) / 6

    @property
    @abstractmethod
    def points(self) -> Points:
        """The alphabet, of mean power 1."""

    @abstractmethod
    def forward(self, z: Symbols, *, hardness: float) -> Symbols:
        """The nearest point of each symbol, with the gradient of its soft assignment.

        The output does not depend on the hardness, sigma d^2.
        """

    @abstractmethod
    def likelihoods(self, z: Symbols, *, hardness: float) -> Likelihoods:
        """Mean soft assignment of all symbols, differentiable."""

    def observe(self, z: Symbols) -> dict[str, Tensor]:
        """How often each point was the nearest in a training batch, where that matters."""
        return {}

    def settle(self, observed: dict[str, Tensor]) -> None:
        """Lets the points' power depend on what was observed in a step."""


@final
class QAM(Constellation):
    """Square QAM."""

    levels: Tensor

    def __init__(self, size: int):
        super().__init__(size)
        self.register_buffer("levels", pam(isqrt(size)), persistent=False)

    @property
    def points(self) -> Points:
        in_phase, quadrature = torch.meshgrid(self.levels, self.levels, indexing="ij")
        return torch.complex(in_phase, quadrature).flatten()

    def forward(self, z: Symbols, *, hardness: float) -> Symbols:
        reals = torch.view_as_real(z)
        sent = quantize(reals.reshape(-1, 1), self.levels[:, None], self.sigma(hardness))
        return torch.view_as_complex(sent.view(reals.shape))

    def likelihoods(self, z: Symbols, *, hardness: float) -> Likelihoods:
        with torch.autocast(z.device.type, enabled=False):
            in_phase, quadrature = (
                soft_assignment(axis.reshape(-1, 1), self.levels[:, None], self.sigma(hardness))
                for axis in (z.real, z.imag)
            )
            return (in_phase.T @ quadrature).flatten() / z.numel()


@final
class Learned(Constellation):
    """Trained points."""

    running: Tensor

    def __init__(self, size: int):
        super().__init__(size)
        self.raw = nn.Parameter(torch.view_as_real(QAM(size).points).clone())
        self.register_buffer("running", torch.full((size,), 1 / size))  # P_j

    def alphabet(self) -> Alphabet:
        """The points as (M, 2) reals; only their directions and relative lengths are trained."""
        power = (self.running * self.raw.square().sum(dim=1)).sum()
        return self.raw / power.sqrt()

    @property
    def points(self) -> Points:
        return torch.view_as_complex(self.alphabet())

    def forward(self, z: Symbols, *, hardness: float) -> Symbols:
        pairs = torch.view_as_real(z)
        sent = quantize(pairs.reshape(-1, 2), self.alphabet(), self.sigma(hardness))
        return torch.view_as_complex(sent.view(pairs.shape))

    def likelihoods(self, z: Symbols, *, hardness: float) -> Likelihoods:
        with torch.autocast(z.device.type, enabled=False):
            pairs = torch.view_as_real(z).reshape(-1, 2)
            return soft_assignment(pairs, self.alphabet(), self.sigma(hardness)).mean(dim=0)

    def observe(self, z: Symbols) -> dict[str, Tensor]:
        with torch.no_grad(), torch.autocast(z.device.type, enabled=False):
            index = nearest(torch.view_as_real(z).reshape(-1, 2), self.alphabet())
            return {"nearest": index.bincount(minlength=self.size) / len(index)}

    def settle(self, observed: dict[str, Tensor]) -> None:
        if "nearest" in observed:
            self.running.lerp_(observed["nearest"], MEMORY)
