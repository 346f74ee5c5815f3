import pytest
import torch
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from semvet.metrics.psnr import psnr_db
from semvet.metrics.ssim import ssim
from semvet.randomness import stream


def images(*shape, name="a"):
    return torch.rand(*shape, generator=stream(0, name))


@pytest.mark.parametrize("shape", [(8, 1, 28, 28), (4, 3, 32, 32), (2, 3, 17, 41)])
@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_full_image_ssim_agrees_with_torchmetrics(shape, noise):
    a = images(*shape)
    b = (a + noise * torch.randn(shape, generator=stream(0, "n"))).clamp(0, 1)
    _, full = structural_similarity_index_measure(
        a, b, data_range=1.0, return_full_image=True, reduction="none"
    )
    torch.testing.assert_close(ssim(a, b), full.mean(dim=(1, 2, 3)), atol=1e-4, rtol=0)


def test_ssim_without_its_border_agrees_with_torchmetrics_cropped_mean():
    a, b = images(8, 1, 28, 28), images(8, 1, 28, 28, name="b")
    _, full = structural_similarity_index_measure(a, b, data_range=1.0, return_full_image=True)
    cropped = full[..., 5:-5, 5:-5].mean(dim=(1, 2, 3))
    torch.testing.assert_close(ssim(a, b, border=5), cropped, atol=1e-4, rtol=0)


def test_a_trigger_in_the_border_is_hidden_from_the_cropped_value_only():
    a = images(4, 1, 28, 28) * 0.5
    b = a.clone()
    b[..., :3, :] = 1.0
    assert (ssim(a, b, border=9) > 0.999).all()
    assert (ssim(a, b) < 0.9).all()


def test_psnr_of_one_image_agrees_with_torchmetrics():
    a, b = images(6, 3, 32, 32), images(6, 3, 32, 32, name="b")
    theirs = [
        peak_signal_noise_ratio(x[None], y[None], data_range=1.0) for x, y in zip(a, b, strict=True)
    ]
    torch.testing.assert_close(psnr_db(a, b), torch.stack(theirs), atol=1e-4, rtol=0)


def test_leading_axes_broadcast_to_all_pairs():
    a, b = images(5, 1, 28, 28), images(3, 1, 28, 28, name="b")
    table = ssim(a[:, None], b[None])
    assert table.shape == (5, 3)
    torch.testing.assert_close(table[4, 2], ssim(a[4:], b[2:])[0])


def test_ssim_is_one_for_equal_images_and_differentiable():
    a = images(2, 1, 28, 28)
    b = a.clone().requires_grad_()
    value = ssim(a, b)
    torch.testing.assert_close(value, torch.ones(2))
    (1 - ssim(a * 0.5, b)).sum().backward()
    assert b.grad.isfinite().all()
    assert b.grad.abs().sum() > 0


def test_bf16_autocast_does_not_reach_the_moments():
    a, b = images(2, 1, 28, 28), images(2, 1, 28, 28, name="b")
    with torch.autocast("cpu", torch.bfloat16):
        inside = ssim(a, b)
    torch.testing.assert_close(inside, ssim(a, b))
