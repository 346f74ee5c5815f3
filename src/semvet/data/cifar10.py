"""CIFAR-10: 50,000 + 10,000 photographs of ten classes, 32x32 in colour. Krizhevsky 2009.

Published PSNR values need the original pixels, which the hub's copy has (PNG). A copy that was
re-coded as JPEG reads 0.4 to 1.3 dB higher: its `source` sentence says so.
"""

from typing import final

from semvet.data.copies.named import FullOnly, Named
from semvet.types import ImageShape


@final
class Cifar10(Named):
    """Args:
    source: "auto" takes a local copy, else the hub's.
    root: the folder that holds cifar10/{train,test}.parquet, or will; None: the variable
        SEMVET_DATA, then the user's data folder.
    """

    name = "cifar10"
    shape = ImageShape(3, 32, 32)
    counts = (50_000, 10_000)
    classes = 10
    repository = "uoft-cs/cifar10"

    def __init__(self, *, source: FullOnly = "auto", root: str | None = None):
        self.source, self.root = source, root
