"""JPEG: every image is stored as a JPEG file before it is sent.

    x -> 8 bits -> JPEG file -> decoded -> link

A file has no gradient: backwards it counts as the identity (straight through), so that attackers
who know the defense can train through it.

Paper: Dziugaite, Ghahramani, Roy, "A study of the effect of JPG compression on adversarial
    images", 2016; Bengio, Leonard, Courville 2013 for the straight-through gradient.
Deviates: the quality (D-036).
"""

from typing import Annotated, final

import torch
from annotated_types import Ge, Le
from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.filters.purification import Filter, purified
from semvet.systems.separate import decode, encode
from semvet.types import Images


@final
class Jpeg(Defense):
    """Args:
    quality: of the file, as Pillow counts it.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(self, *, quality: Annotated[int, Ge(1), Le(100)] = 50):
        self.transform = self.filter = Filter(
            lambda x: x + (in_file(x.detach(), quality=quality) - x.detach())
        )

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return purified(view, self.filter)


def in_file(x: Images, *, quality: int) -> Images:
    """Each image through a JPEG file in memory, rounded to 8 bits as files are."""
    pixels = (x.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    files = [encode(image, "jpeg", quality=quality) for image in pixels]
    return torch.stack([decode(file, channels=x.shape[1]) for file in files]).to(x.device)
