"""Every image is sent through a box filter of three pixels."""

from typing import final

from torch.nn.functional import avg_pool2d

from semvet.defenses import Defended, Defense, Vantage


@final
class BlurredLink:
    def __init__(self, link, size):
        self.link, self.size = link, size

    def __call__(self, x, *, rng, at=None):
        return self.link(blurred(x, self.size), rng=rng, at=at)


@final
class Blur(Defense):
    vantage = Vantage.TRANSMITTER

    def __init__(self, *, size: int = 3):
        self.size = size

    def apply(self, view, *, rng):
        return Defended(BlurredLink(view.link, self.size), findings={"size": self.size})


def blurred(x, size):
    return avg_pool2d(x, size, stride=1, padding=size // 2, count_include_pad=False)
