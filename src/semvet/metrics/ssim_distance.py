"""A metric that belongs to SSIM: certificates need the triangle inequality, 1 - SSIM has none.

    D(a, b)^2 = mean over pixels of (1 - luminance) + (1 - contrast and structure)
    SSIM(a, b) >= 1 - D(a, b)^2

SSIM is the product of the two terms, and 1 - l s <= (1 - l) + (1 - s) for l, s <= 1. Each root
(1 - l)^1/2, (1 - s)^1/2 is |u - v| / (|u|^2 + |v|^2 + c)^1/2, a relative metric (c: one more
coordinate, (c/2)^1/2 in both); and roots of means of squared metrics are metrics.

Paper: Brunet, Vrscay, Wang, IEEE TIP 2012.
"""

from torch import Tensor

from semvet.metrics.ssim import C1, C2, Stack, blur_matrix


def ssim_distance(a: Stack, b: Stack) -> Tensor:
    """D of each pair; leading axes broadcast. At most sqrt(3)."""
    rows, columns = (blur_matrix(size, a.device) for size in a.shape[-2:])
    ma, mb, aa, bb, ab = (rows @ (x @ columns.T) for x in (a, b, a * a, b * b, a * b))
    luminance = (ma - mb).square() / (ma * ma + mb * mb + C1)
    structure = (aa + bb - 2 * ab - (ma - mb).square()) / (aa + bb - ma * ma - mb * mb + C2)
    return (luminance + structure.clamp(min=0)).mean(dim=(-3, -2, -1)).sqrt()


def ssim_of_distance(distance: float) -> float:
    """The smallest SSIM of two images at this distance, not below -1."""
    return max(-1.0, 1 - distance * distance)
