"""Peak signal-to-noise ratio in dB for pixels in [0, 1]: -10 log10(MSE). SemBugger Eq. (17), (18).

The headline is the mean over images of this value; `statistics.psnr_of_mean_mse` is the other
common figure, lower by Jensen's inequality (0.1 to 0.8 dB, as much as many claimed differences).
"""

from semvet.types import Images, PerImage

IDENTICAL_DB = 100.0  # what is reported where there is no error at all


def mse(a: Images, b: Images) -> PerImage:
    """Mean squared error of each image, on the [0, 1] scale."""
    return (a - b).square().mean(dim=(1, 2, 3))


def psnr_db(a: Images, b: Images) -> PerImage:
    """Infinite for identical images. Outputs are not rounded to 8 bits."""
    return -10 * mse(a, b).log10()
