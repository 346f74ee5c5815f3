"""A masked pass is the pass of a system with zeroed kernels, whatever the architecture."""

import pytest
import torch

from semvet.channels import CHANNELS
from semvet.defenses.weights.kernels import (
    absolute_sums,
    convolutions,
    pruned_layers,
    transmit_without,
    without,
)
from semvet.errors import DefenseError
from semvet.randomness import seeded, stream
from semvet.systems import SYSTEMS, Transceiver
from semvet.types import ImageShape

SHAPE = ImageShape(1, 16, 16)
CODECS = {
    "jscc": {"width": 4},
    "jscc residual": {"width": 4, "residual": True},
    "jscc-f": {"width": 6},
    "jscc-q": {"width": 6, "depth": 1},
    "scan": {"width": 6},
    "semcc": {"width": 4},
    "external": {"target": "users_codecs:Real"},
}
named = pytest.mark.parametrize("name", CODECS)


def make_link(name, channel="rayleigh"):
    with seeded(0, "system"):
        system = SYSTEMS[name.split()[0]](SHAPE, **CODECS[name])
    return Transceiver(system, CHANNELS[channel](), snr_db=10.0).eval()


def some_images(count=3):
    return torch.rand(count, *SHAPE, generator=stream(0, "images"))


def random_keep(layers, variants):
    rng = stream(0, "keep")
    sizes = [convolutions(layer)[0].out_channels for layer in layers]
    return [torch.rand(variants, size, generator=rng) < 0.6 for size in sizes]


@named
def test_masks_of_many_variants_equal_zeroed_kernels_of_each(name):
    link, x, last = make_link(name), some_images(), 2 if name == "external" else 4
    layers = pruned_layers(link.system, 2, last)
    keep = random_keep(layers, variants=4)
    noise = link.draw(len(x), rng=stream(0, "noise"))
    before = {key: value.clone() for key, value in link.state_dict().items()}
    with torch.no_grad():
        made = transmit_without(link, layers, keep, x, noise)
        for i, (v, y) in enumerate(
            zip(made.features.split(len(x)), made.received.split(len(x)), strict=True)
        ):
            alone = without(link, 2, last, [kept[i] for kept in keep]).transmit(x, noise)
            assert torch.allclose(v, alone.features, atol=1e-5)
            assert torch.allclose(y, alone.received, atol=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in link.state_dict().items())
    assert not any(module._forward_hooks for module in link.modules())


@named
def test_a_zeroed_kernel_has_an_empty_feature_map(name):
    link, x, last = make_link(name), some_images(), 2 if name == "external" else 4
    keep = [kept[0] for kept in random_keep(pruned_layers(link.system, 2, last), variants=1)]
    pruned = without(link, 2, last, keep)
    layers = pruned_layers(pruned.system, 2, last)
    for sums, kept in zip(absolute_sums(pruned, layers, x, rng=stream(0, "n")), keep, strict=True):
        assert (sums[:, ~kept] == 0).all()
        assert sums[:, kept].sum() > 0


def test_a_feature_map_is_what_comes_after_the_activation_and_before_a_skip():
    plain, residual = make_link("jscc"), make_link("jscc residual")
    residual.load_state_dict(
        dict(zip(residual.state_dict(), plain.state_dict().values(), strict=True))
    )
    x = some_images()
    third = [
        absolute_sums(link, pruned_layers(link.system, 3, 3), x, rng=stream(0, "n"))[0]
        for link in (plain, residual)
    ]
    assert torch.allclose(*third)  # layer 3 adds to its input, but its own maps are the same


def test_what_has_no_convolutions_is_refused_with_a_way_out():
    with pytest.raises(DefenseError, match="Identity has no convolutions"):
        pruned_layers(SYSTEMS["identity"](SHAPE), 2, 4)
    with pytest.raises(DefenseError, match="encoder convolutions 1 to 5"):
        pruned_layers(make_link("jscc").system, 2, 6)
