import pytest
import torch

from semvet.attacks import BASS
from semvet.errors import DataError
from semvet.types import require_images

GOOD = torch.full((2, 1, 8, 8), 0.5)


def with_pixel(value):
    x = GOOD.clone()
    x[0, 0, 3, 4] = value
    return x


@pytest.mark.parametrize(
    ("x", "problem"),
    [
        (with_pixel(float("nan")), "holds NaN or infinity"),
        (with_pixel(float("inf")), "holds NaN or infinity"),
        (with_pixel(255.0), r"from 0\.5 to 255; allowed is \[0, 1\] \(divide 8-bit images by 255"),
        (GOOD.to(torch.uint8), "expected float"),
        (GOOD[0], r"expected float \(batch, chan, height, width\), got .* \(1, 8, 8\)"),
    ],
)
def test_tensors_that_are_no_images_are_refused_with_the_reason(x, problem):
    with pytest.raises(DataError, match=f"^targets: .*{problem}"):
        require_images(x, "targets")


def test_images_pass_unchanged():
    assert require_images(GOOD, "targets") is GOOD


def test_a_nan_in_the_targets_never_reaches_an_attack():
    with pytest.raises(DataError, match="targets: holds NaN"):
        BASS(with_pixel(float("nan")))
