import torch

from semvet.metrics.ssim import ssim
from semvet.metrics.ssim_distance import ssim_distance, ssim_of_distance
from semvet.randomness import stream


def pictures(count):
    rng = stream(0, "pictures")
    smooth = torch.rand(count, 1, 4, 4, generator=rng)
    smooth = torch.nn.functional.interpolate(smooth, size=(16, 16), mode="bilinear")
    contrast = torch.rand(count, 1, 1, 1, generator=rng)
    return smooth * contrast + 0.1 * torch.rand(count, 1, 16, 16, generator=rng)


def test_ssim_is_at_least_what_the_distance_says():
    a, b = pictures(400).split(200)
    distance = ssim_distance(a, b)
    low = torch.tensor([ssim_of_distance(float(d)) for d in distance])
    assert (ssim(a, b) >= low - 1e-4).all()


def test_the_distance_is_a_metric():
    a, b, c = pictures(900).split(300)
    ab, bc, ac = ssim_distance(a, b), ssim_distance(b, c), ssim_distance(a, c)
    assert (ac <= ab + bc + 1e-5).all()
    assert torch.allclose(ab, ssim_distance(b, a))
    assert ssim_distance(a, a).max() < 1e-3


def test_near_images_have_the_loss_of_ssim():
    a = pictures(50)
    b = (a + 0.002).clamp(0, 1)
    assert torch.allclose(ssim_distance(a, b).square(), 1 - ssim(a, b), atol=2e-5)
