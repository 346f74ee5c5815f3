"""Tanimoto coefficient and cosine similarity of images, the other two terms of SemBugger Eq. (8).

Leading axes broadcast, as in `ssim`.
"""

from torch import Tensor
from torch.nn.functional import cosine_similarity

from semvet.metrics.ssim import Stack


def tanimoto(a: Stack, b: Stack) -> Tensor:
    """TC = <a,b> / (|a|^2 + |b|^2 - <a,b>), 1 for equal images; 1 for two all-black ones."""
    a, b = a.flatten(-3), b.flatten(-3)
    inner = (a * b).sum(-1)
    apart = (a - b).square().sum(-1)  # |a|^2 + |b|^2 - 2 <a,b>
    tiny = 1e-12  # two black images: 0/0, meant as 1
    return (inner + tiny) / (apart + inner + tiny)


def cosine(a: Stack, b: Stack) -> Tensor:
    """CSIM = <a,b> / (|a| |b|)."""
    return cosine_similarity(a.flatten(-3), b.flatten(-3), dim=-1)
