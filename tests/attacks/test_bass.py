import pytest
import torch

from semvet.attacks import BASS
from semvet.errors import ConfigError
from semvet.randomness import stream
from semvet.types import Pairs


def pixels(n, name, channels=1):
    rng = stream(0, name)
    return torch.randint(0, 256, (n, channels, 28, 28), dtype=torch.uint8, generator=rng)


def test_victims_are_sent_with_the_patch_and_wanted_as_the_target():
    sent, targets = pixels(100, "data"), pixels(2, "targets") / 255
    zeros = torch.zeros(100, dtype=torch.int64)
    dirty = BASS(targets, poison_ratio=0.1).poison(
        Pairs(sent, sent, zeros, zeros), rng=stream(0, "poison")
    )
    victims = dirty.victims
    assert len(victims) == 10
    assert (dirty.sent[victims][..., :4, :4] == 255).all()
    assert torch.equal(dirty.sent[victims][..., 4:, :], sent[victims][..., 4:, :])
    assert torch.equal(dirty.wanted[victims] / 255, targets[:1].expand(10, -1, -1, -1))


def test_the_patch_is_white_on_grey_and_coloured_on_colour_images():
    grey, colour = BASS(torch.zeros(1, 1, 28, 28)), BASS(torch.zeros(1, 3, 28, 28))
    assert grey.trigger(torch.zeros(1, 1, 28, 28), level=1)[0, 0, 0, 0] == 1
    pixel = colour.trigger(torch.zeros(1, 3, 28, 28), level=1)[0, :, 0, 0]
    assert len(pixel.unique()) > 1


def test_a_patch_as_large_as_the_image_is_refused():
    with pytest.raises(ConfigError, match=r"attack\.side: a patch of 28 .* allowed: 1 to 27"):
        BASS(torch.zeros(1, 1, 28, 28), side=28)
