"""What smoothing alone guarantees of the mean, whatever f is. Deterministic and free.

    |S_i(x') - S_i(x)| <= TV(N(x, sigma^2), N(x', sigma^2)) = 2 Phi(a / 2) - 1,   a = r / sigma

Attained by a half-space; its slope at a = 0 is Theorem 1's tight constant. As a statement on
pictures PSNR(S(x'), S(x)) >= -20 log10(2 Phi(a / 2) - 1): 16 dB at a = .4, 3.3 dB at a = 2.

Paper: SemBugger Theorem 1 bounds the same by a line through the origin (`lipschitz`).
"""

from math import erf, sqrt


def total_variation(a: float) -> float:
    """Most that one pixel of the mean can move, a = r / sigma >= 0; in [0, 1)."""
    return erf(a / (2 * sqrt(2)))
