import pytest
import torch

from semvet.metrics.outage import outage
from semvet.metrics.psnr import mse, psnr_db
from semvet.randomness import stream


@pytest.mark.parametrize("threshold_db", [10.0, 20.0, 30.0])
def test_it_says_which_images_have_a_psnr_below_the_threshold(threshold_db):
    x = torch.rand(50, 1, 8, 8, generator=stream(0, "x"))
    noise = torch.randn(x.shape, generator=stream(0, "n"))
    y = x + torch.logspace(-2.5, 0, 50)[:, None, None, None] * noise
    lost = outage(mse(x, y)[None], psnr_db=threshold_db)
    assert torch.equal(lost[0], psnr_db(x, y) < threshold_db)
    assert 0 < lost.sum() < 50


def test_a_perfect_image_is_never_lost_and_each_draw_counts_alone():
    errors = torch.tensor([[0.0, 0.02], [0.009, 0.011]])  # 20 dB is 0.01
    assert outage(errors, psnr_db=20.0).tolist() == [[False, True], [False, True]]
