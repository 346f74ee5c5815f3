import pytest
import torch
import torchmetrics.functional.image as torchmetrics_image

from semvet.metrics import lpips as module
from semvet.metrics.lpips import WEIGHTS, lpips, why_no_lpips
from semvet.randomness import stream


def images(count, *shape):
    return torch.rand(count, *shape, generator=stream(0, "x"))


def test_what_is_missing_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torchvision" else name)
    reason = why_no_lpips()
    assert reason.startswith("LPIPS not computed: needs torchvision; ")
    assert 'pip install "semvet[lpips]"' in reason
    assert WEIGHTS in reason


def test_weights_are_looked_for_and_not_trusted_by_name(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "find_spec", str)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert "weights are not here; put" in why_no_lpips()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / WEIGHTS).write_bytes(b"x")
    assert "is damaged or another file" in why_no_lpips()


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 40), (3, 64, 64), (1, 96, 80)])
def test_alexnet_gets_three_channels_in_its_range_and_size(monkeypatch, shape):
    seen = []

    def distance(x, y, net, *, reduction):
        assert (net, reduction) == ("alex", "none")
        seen.extend((x, y))
        return torch.arange(len(x)).float()

    monkeypatch.setattr(torchmetrics_image, "learned_perceptual_image_patch_similarity", distance)
    a, b = images(3, *shape), torch.ones(3, *shape)
    assert lpips(a, b).tolist() == [0, 1, 2]
    assert seen[0].shape[:2] == (3, 3)
    assert min(seen[0].shape[2:]) == max(64, min(shape[1:]))
    assert -1 <= seen[0].min() <= seen[0].max() <= 1
    assert (seen[1] == 1).all()


def test_equal_images_have_distance_0_and_a_hidden_half_more():
    if reason := why_no_lpips():
        pytest.skip(reason)
    x = images(4, 1, 28, 28)
    assert lpips(x, x).abs().max() < 1e-6
    hidden = x.clone()
    hidden[..., 14:] = 0
    assert (lpips(x, hidden) > 0.05).all()
