"""A small convolutional classifier, for a receiver of its own and for quick looks.

    x -> [3x3 convolution, stride 2, ReLU] x 3 -> [3x3 convolution, ReLU] -> linear -> logits

No BatchNorm: it is trained along with links, where the output of an image ignores its batch mates.

Paper: none; SC Trojan's receiver has "a semantic task classifier" of unnamed size.
Deviates: depth and widths are ours (D-026).
"""

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from semvet.types import Images, ImageShape

STRIDES = (2, 2, 2, 1)


@final
class SmallClassifier(nn.Module):
    """Args:
    shape: of the images; meant for 28 to 64 pixels.
    classes: how many there are.
    width: filters of the first layer; 2, 4 and 4 times as many follow.
    """

    def __init__(self, shape: ImageShape, *, classes: int, width: int = 16):
        super().__init__()
        widths = (width, 2 * width, 4 * width, 4 * width)
        layers: list[nn.Module] = []
        inputs, height, across = shape
        for outputs, stride in zip(widths, STRIDES, strict=True):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1), nn.ReLU()]
            inputs, height, across = outputs, -(-height // stride), -(-across // stride)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.logits = nn.Linear(inputs * height * across, classes)

    def forward(self, x: Images) -> Float[Tensor, "batch classes"]:
        return self.logits(self.features(2 * x - 1))
