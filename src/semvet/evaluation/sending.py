"""Images through a link, in chunks: the same seed and purpose give the same channel."""

import torch

from semvet.attacks import Attack
from semvet.channels import OperatingPoint
from semvet.metrics.statistics import mean
from semvet.randomness import stream
from semvet.systems import Link, Transceiver
from semvet.types import Images

CHUNK = 500  # images in one forward pass


@torch.no_grad()
def transmit(
    link: Link, x: Images, *, seed: int, purpose: str, index: int = 0,
    at: OperatingPoint | None = None,
) -> Images:  # fmt: skip
    rng = stream(seed, purpose, index=index, device=x.device)
    return torch.cat([link(part, rng=rng, at=at) for part in x.split(CHUNK)])


@torch.no_grad()
def mean_uses(
    link: Transceiver, x: Images, *, seed: int, at: OperatingPoint | None = None
) -> float:
    """Symbols spent on an image, where a system does not spend k on each."""
    rng = stream(seed, "uses", device=x.device)
    if link.transmit(x[:1], link.draw(1, rng=rng)).uses is None:
        return float(link.system.symbols)
    parts = [
        link.transmit(part, link.draw(len(part), rng=rng, at=at), at=at).uses
        for part in x.split(CHUNK)
    ]
    return mean(torch.cat([uses for uses in parts if uses is not None]))


@torch.no_grad()
def triggered_images(attack: Attack, x: Images, *, level: int) -> Images:
    return torch.cat([attack.trigger(part, level=level) for part in x.split(CHUNK)])
