"""Median filter: each pixel becomes the median of the square around it.

    x_ij -> median of x_kl, |k - i| and |l - j| at most (size - 1) / 2

The border is mirrored. Differentiable: the gradient goes to the pixel that is the median.

Paper: Xu, Evans, Qi, "Feature Squeezing", NDSS 2018.
Deviates: size and border (D-036).
"""

from typing import Annotated, final

from annotated_types import Ge, Le
from torch import Generator
from torch.nn.functional import pad, unfold

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.defenses.filters.purification import Filter, purified
from semvet.errors import DefenseError
from semvet.types import Images


@final
class MedianFilter(Defense):
    """Args:
    size: of the square, in pixels; odd.
    """

    vantage = Vantage.TRANSMITTER

    def __init__(self, *, size: Annotated[int, Ge(3), Le(15)] = 3):
        if size % 2 == 0:
            raise DefenseError(
                f"defense.size: {size} has no middle pixel; allowed: odd, such as {size + 1}"
            )
        self.transform = self.filter = Filter(lambda x: median_of_squares(x, size=size))

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return purified(view, self.filter)


def median_of_squares(x: Images, *, size: int) -> Images:
    """Raises DefenseError: the square is too large to be mirrored at the border."""
    half = size // 2
    if half >= min(x.shape[2:]):
        raise DefenseError(
            f"defense.size: {size} for images of {x.shape[2]}x{x.shape[3]} pixels; allowed: at "
            f"most {2 * min(x.shape[2:]) - 1}"
        )
    squares = unfold(pad(x, (half,) * 4, mode="reflect"), size)
    return squares.view(len(x), x.shape[1], size * size, *x.shape[2:]).median(dim=2).values
