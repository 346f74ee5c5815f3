"""Lipschitz constants of the average that smoothing deploys.

    |S_i(x') - S_i(x)| <= L ||x' - x||_2,   S_i = E f_i(x + e),   e ~ N(0, sigma^2 I)
    L = sqrt(2 / (pi sigma^2))     as printed, for |f_i| <= 1
    L = 1 / (sigma sqrt(2 pi))     tight for f_i in [0, 1]: a half-space's S has this slope

Of the exact expectation; an average of N copies only estimates it. A bound of 1 says nothing, so
the constants are vacuous beyond a distance of 1 / L.

Paper: SemBugger Theorem 1.
Deviates: the tight constant (errata S5); D-036.
"""

from math import pi


def theorem_1(sigma: float) -> float:
    """L as printed, per pixel unit of L2 distance."""
    return (2 / (pi * sigma**2)) ** 0.5


def tight(sigma: float) -> float:
    """The smallest L that holds for every f in [0, 1]: half of the printed one."""
    return 1 / (sigma * (2 * pi) ** 0.5)
