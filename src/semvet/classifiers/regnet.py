"""RegNetY: the downstream classifier of SemBugger's tables, and a small relative.

    stem -> four stages of residual blocks (grouped 3x3 convolutions, squeeze and excitation)
         -> mean over positions -> linear -> logits

| size  | depths      | widths               | group | parameters |
|-------|-------------|----------------------|-------|------------|
| 200mf | 1, 1, 4, 7  | 24, 56, 152, 368     | 8     | 2.8 M      |
| 16gf  | 2, 4, 11, 1 | 224, 448, 1232, 3024 | 112   | 80.6 M     |

It has BatchNorm, which is allowed here: a classifier sits outside the link, in evaluation mode.

Paper: Radosavovic et al., "Designing Network Design Spaces", CVPR 2020.
Deviates: images of up to 40 pixels are not halved in the first stage, which would leave one
    position to the last two (D-026). Trained from scratch, nothing is downloaded.
"""

from typing import Literal, final

from jaxtyping import Float
from torch import Tensor, nn

from semvet.errors import ConfigError
from semvet.types import Images, ImageShape

SIZES = {
    "200mf": {"depths": [1, 1, 4, 7], "hidden_sizes": [24, 56, 152, 368], "groups_width": 8},
    "16gf": {"depths": [2, 4, 11, 1], "hidden_sizes": [224, 448, 1232, 3024], "groups_width": 112},
}
SMALL = 40  # pixels on the shorter side


@final
class RegNetY(nn.Module):
    """Args:
    shape: of the images.
    classes: how many there are.
    size: one of SIZES.

    Raises:
        ConfigError: the package `transformers` is not installed.
    """

    def __init__(self, shape: ImageShape, *, classes: int, size: Literal["200mf", "16gf"]):
        super().__init__()
        try:
            from transformers import RegNetConfig, RegNetForImageClassification
        except ImportError as error:
            raise ConfigError(
                f'a RegNetY needs the package transformers ({error}); `pip install "semvet'
                '[classifiers]"`, or take the classifier "small"'
            ) from error
        config = RegNetConfig(
            num_channels=shape.channels, embedding_size=32, layer_type="y", num_labels=classes,
            downsample_in_first_stage=min(shape.height, shape.width) > SMALL, **SIZES[size],
        )  # fmt: skip
        self.network = RegNetForImageClassification(config)

    def forward(self, x: Images) -> Float[Tensor, "batch classes"]:
        return self.network(2 * x - 1).logits
