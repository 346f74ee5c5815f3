"""The denoiser removes noise, leaves noise-free images alone, and goes inside smoothing."""

import pytest
import torch

from semvet.defenses import Combined, Denoiser, SemanticSmoothing, Vantage, View
from semvet.metrics.psnr import psnr_db
from semvet.randomness import stream

SIGMA = 0.25


class Identity:
    def __call__(self, x, *, rng, at=None):
        return x


def images(n=200):
    coarse = torch.rand(n, 1, 3, 3, generator=stream(0, "x")).round()
    return torch.nn.functional.interpolate(coarse, (15, 15))  # blocks of black and white


def view(x):
    return View(Vantage.TRANSMITTER | Vantage.RECEIVER, Identity(), images=x)


@pytest.fixture(scope="module")
def denoised():
    one = Denoiser(sigma=SIGMA, width=8, depth=3, steps=150)
    return one.apply(view(images()), rng=stream(0, "defense"))


def test_it_removes_noise_and_leaves_noise_free_images_alone(denoised):
    x = images(300)[200:]
    noisy = x + SIGMA * torch.randn(x.shape, generator=stream(0, "e"))
    before, after, untouched = (
        psnr_db(y, x).clamp(max=100).mean().item()
        for y in (
            noisy,
            denoised.link(noisy, rng=stream(0, "n")),
            denoised.link(x, rng=stream(0, "n")),
        )
    )
    assert after > before + 5
    assert untouched > after + 5
    assert denoised.findings["denoised_psnr_db"] == pytest.approx(after, abs=1)
    assert denoised.findings["noisy_psnr_db"] == pytest.approx(before, abs=0.3)


def test_its_output_is_in_range_ignores_batch_mates_and_has_a_gradient(denoised):
    x = (images(4) + torch.randn(4, 1, 15, 15, generator=stream(0, "e"))).requires_grad_()
    y = denoised.link(x, rng=stream(0, "n"))
    assert y.min() >= 0
    assert y.max() <= 1
    torch.testing.assert_close(denoised.link(x[1:2], rng=stream(0, "n")), y[1:2])
    y.sum().backward()
    assert x.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in denoised.link.transform.function.parameters())


def test_training_is_the_same_every_time_and_leaves_the_global_stream_alone():
    def trained():
        one = Denoiser(width=4, depth=2, steps=3).apply(view(images(20)), rng=stream(0, "d"))
        return one.link(images(4), rng=stream(0, "n"))

    state = torch.get_rng_state()
    assert torch.equal(trained(), trained())
    assert torch.equal(torch.get_rng_state(), state)


def test_inside_smoothing_the_noise_comes_first():
    """Denoised smoothing of the identity beats the average of noisy copies that are clipped."""
    smoothing = SemanticSmoothing(sigma=SIGMA, copies=16, clip=False)
    denoiser = Denoiser(sigma=SIGMA, width=8, depth=3, steps=150)
    x = images(20)
    combined = Combined(parts=(denoiser, smoothing)).apply(view(images()), rng=stream(0, "d"))
    plain = SemanticSmoothing(sigma=SIGMA, copies=16).apply(view(x), rng=stream(0, "d"))
    ours, theirs = (psnr_db(one.link(x, rng=stream(0, "n")), x).mean() for one in (combined, plain))
    assert combined.channel_uses_factor == 16
    assert ours > theirs + 1
