"""InfoNCE: which of the batch's features belongs to mine?

    s_ij = <a_i, b_j> / (|a_i| |b_j| tau)
    L    = -1/2 mean_i [log softmax_j(s_ij) at j = i  +  log softmax_j(s_ji) at j = i]

0 if every a_i is told from the others' b_j, log(batch) for features that say nothing.

Paper: van den Oord, Li, Vinyals, "Representation learning with contrastive predictive coding",
    2018; the symmetric form with cosine similarity is that of CLIP (Radford et al. 2021).
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from semvet.types import Scalar


def info_nce(
    a: Float[Tensor, "batch feature"], b: Float[Tensor, "batch feature"], *, temperature: float
) -> Scalar:
    """Row i of `a` and row i of `b` are a pair; all other rows are what it must be told from."""
    with torch.autocast(a.device.type, enabled=False):  # 8 bits are few for a difference of logits
        s = normalize(a.float(), dim=1) @ normalize(b.float(), dim=1).T / temperature
        own = torch.arange(len(s), device=s.device)
        return (cross_entropy(s, own) + cross_entropy(s.T, own)) / 2
