"""How visible a trigger is: distances between an image and its triggered version."""

from semvet.metrics.psnr import psnr_db
from semvet.metrics.similarity import cosine, tanimoto
from semvet.metrics.ssim import ssim
from semvet.types import Images, PerImage

CROP = 5  # what common SSIM implementations drop


def l2(a: Images, b: Images) -> PerImage:
    """Euclidean norm in pixel units, over all values of an image."""
    return (a - b).flatten(1).norm(dim=1)


def linf(a: Images, b: Images) -> PerImage:
    return (a - b).flatten(1).abs().amax(dim=1)


def energy_uniformity(a: Images, b: Images) -> PerImage:
    """How evenly a trigger's energy lies over the pixels: (sum e)^2 / (n sum e^2) of the energies
    e, 1 when it is the same everywhere, 1/n when it sits on one pixel (SemBugger III-B claims
    spatial uniformity without a measure). 0 without a trigger.
    """
    energy = (a - b).square().sum(dim=1).flatten(1)
    return energy.sum(1).square() / (energy.shape[1] * energy.square().sum(1)).clamp(min=1e-30)


def visibility(x: Images, triggered: Images) -> dict[str, PerImage]:
    """Every figure of a trigger's visibility, per image."""
    return {
        "ssim": ssim(x, triggered),
        "ssim_cropped": ssim(x, triggered, border=CROP),
        "psnr_db": psnr_db(x, triggered),
        "tanimoto": tanimoto(x, triggered),
        "cosine": cosine(x, triggered),
        "l2": l2(x, triggered),
        "linf": linf(x, triggered),
        "energy_uniformity": energy_uniformity(x, triggered),
    }
