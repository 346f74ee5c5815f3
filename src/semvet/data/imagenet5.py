"""imagenet5: 20,000 + 5,000 ImageNet photographs, 64x64 in colour, in five superclasses.

20 synsets a superclass, 200 + 50 images a synset. ImageNet may be used for research only and not
be handed on: `semvet data build imagenet5 --from FOLDER` makes it from your own copy.
"""

from typing import final

from semvet.data.copies.named import Named
from semvet.types import ImageShape


@final
class ImageNet5(Named):
    """Args:
    root: the folder that holds imagenet5/{train,test}.parquet; None: the variable SEMVET_DATA,
        then the user's data folder.
    """

    name = "imagenet5"
    shape = ImageShape(3, 64, 64)
    counts = (20_000, 5_000)
    classes = 5
    repository = None
    channels = 3  # some photographs are grey
    lossless = False
    way_out = "`semvet data build imagenet5 --from FOLDER` makes it from your own copy of ImageNet"

    def __init__(self, *, root: str | None = None):
        self.root = root
