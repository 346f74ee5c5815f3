"""LPIPS: how different two images look to AlexNet. 0 for equal images.

    d(a, b) = sum_l mean_hw |w_l * (F_l(a) / |F_l(a)| - F_l(b) / |F_l(b)|)|^2

F_l are AlexNet's features after its five ReLUs, w_l learned weights that torchmetrics brings along.
Grey images are repeated to three channels and values scaled to [-1, 1]. Images under 64 pixels are
enlarged (bilinear) until the shorter side has 64, the size of the patches that w was fitted on:
AlexNet's poolings would leave nothing of 28 pixels.

It needs torchmetrics, torchvision and the published weights of AlexNet in torch's own cache.
Nothing is ever downloaded: without them there is a reason instead of a number.

Paper: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric",
    CVPR 2018.
Deviates: the enlargement is ours (D-026).
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from semvet.types import Images, PerImage

WEIGHTS = "alexnet-owt-7be5be79.pth"  # its name ends with the beginning of its SHA-256
INSTALL = '`pip install "semvet[lpips]"`'
GET = f"put {WEIGHTS}, which torchvision publishes, into torch.hub.get_dir()/checkpoints"
SMALLEST = 64  # pixels
CHUNK = 500  # images in one forward pass


def why_no_lpips() -> str | None:
    """What LPIPS lacks on this machine, with the way out; None where it can be computed."""
    missing = [name for name in ("torchmetrics", "torchvision") if find_spec(name) is None]
    weights = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if missing:
        return f"LPIPS not computed: needs {' and '.join(missing)}; {INSTALL}, and {GET}"
    if not weights.is_file():
        return f"LPIPS not computed: AlexNet's weights are not here; {GET}"
    if not _sha256(weights).startswith(WEIGHTS.removesuffix(".pth").rpartition("-")[2]):
        return f"LPIPS not computed: {WEIGHTS} is damaged or another file; {GET}"
    return None


@cache
def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@torch.no_grad()
def lpips(a: Images, b: Images) -> PerImage:
    """Only where `why_no_lpips` has nothing to say."""
    from torchmetrics.functional.image import learned_perceptual_image_patch_similarity as distance

    parts = zip(a.split(CHUNK), b.split(CHUNK), strict=True)
    return torch.cat(
        [distance(_seen(x), _seen(y), "alex", reduction="none").view(len(x)) for x, y in parts]
    )


def _seen(x: Images) -> Tensor:
    """As AlexNet gets it: three channels, [-1, 1], at least 64 pixels each way."""
    scale = SMALLEST / min(x.shape[2:])
    if scale > 1:
        size = [max(SMALLEST, round(scale * side)) for side in x.shape[2:]]
        x = interpolate(x, size, mode="bilinear").clamp(0, 1)
    return (2 * x - 1).expand(-1, 3, -1, -1)
