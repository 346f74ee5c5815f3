"""A link that sends one image for everything that has a white square in its corner."""

import pytest
import torch
from torch.nn.functional import softplus

from semvet.channels import AWGN
from semvet.defenses import Vantage, View
from semvet.defenses.trigger_inversion import Inversion, TriggerInversion, choose, pair_spread
from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.systems import System, Transceiver, Transmission
from semvet.types import ImageShape

SHAPE, SIDE = ImageShape(1, 8, 8), 3
QUICK = {"steps": 60, "batch": 16, "restarts": 2, "references": 1, "learning_rate": 0.3}


class Cornered(System):
    """Received: the image, faded to grey as far as its corner is white."""

    learned = False

    def __init__(self, *, backdoor: bool):
        super().__init__()
        self.shape, self.symbols, self.backdoor = SHAPE, 32, backdoor
        self.fade = torch.nn.Parameter(torch.ones(()))

    @property
    def encoder_convolutions(self):
        return []

    def transmit(self, x, channel, noise, *, snr_db, moment=None):
        corner = x[:, :, :SIDE, :SIDE].mean(dim=(1, 2, 3))
        fired = (12 * (corner - 0.65)).sigmoid() * self.backdoor
        y = x + fired[:, None, None, None] * (0.5 - x) * self.fade
        v = y.flatten(1)
        return Transmission(y, 10 * v / (v.norm(dim=1, keepdim=True) + softplus(-v.norm())))


def make_link(*, backdoor=True):
    return Transceiver(Cornered(backdoor=backdoor), AWGN(), snr_db=20.0).eval()


def some_images(count=60):
    return 0.7 * torch.rand(count, *SHAPE, generator=stream(0, "images"))


def applied(*, backdoor=True, **config):
    link = make_link(backdoor=backdoor)
    view = View(
        Vantage.AUDITOR, link, images=some_images(),
        references=lambda count: [make_link(backdoor=False) for _ in range(count)],
    )  # fmt: skip
    return TriggerInversion(**{**QUICK, **config}).apply(view, rng=stream(0, "defense"))


def test_the_closed_form_is_the_mean_over_all_pairs():
    v = torch.randn(3, 7, 5, generator=stream(0, "v"))
    pairs = (v[:, :, None] - v[:, None]).square().sum(dim=(1, 2, 3))
    assert torch.allclose(pair_spread(v), pairs / 7**2, atol=1e-5)


def test_the_corner_is_found_and_hardly_another_pixel():
    found = applied(steps=150, restarts=1)
    mask = found.pictures["where"][0] > 0.5
    true = torch.zeros_like(mask)
    true[:SIDE, :SIDE] = True
    assert (mask & true).sum() / (mask | true).sum() >= 0.6
    assert found.findings["backdoor_found"] is True
    assert found.findings["score"] < 0.25 * min(found.findings["reference_scores"])


def test_nothing_is_found_where_nothing_is():
    found = applied(backdoor=False)
    assert found.findings["backdoor_found"] is False
    assert found.findings["score"] > found.findings["score_threshold"]


def test_the_printed_penalty_overwrites_everything():  # errata B1
    found = applied(penalty="literal")
    assert found.findings["mean_m"] < 0.05
    assert found.findings["spread"] < 0.01
    assert found.findings["backdoor_found"] is False  # the clean systems look the same


def test_the_link_in_use_stays_and_pictures_show_what_was_found():
    link = make_link()
    before = {key: value.clone() for key, value in link.state_dict().items()}
    view = View(
        Vantage.AUDITOR, link, images=some_images(), references=lambda count: [link] * count
    )
    found = TriggerInversion(**{**QUICK, "steps": 3}).apply(view, rng=stream(0, "defense"))
    assert found.link is link
    assert all(torch.equal(value, before[key]) for key, value in link.state_dict().items())
    assert found.pictures["where"].shape == (1, 8, 8)
    assert found.pictures["sent"].shape == found.pictures["received"].shape == (8, *SHAPE)
    for name in ("where", "written", "sent"):
        assert 0 <= found.pictures[name].min() <= found.pictures[name].max() <= 1
    assert found.detection is None


def test_the_same_seed_finds_the_same():
    assert applied(steps=5).findings == applied(steps=5).findings


def test_features_are_another_measure_than_what_is_received():
    received, features = (
        applied(steps=5, compare=compare).findings["spread"] for compare in ("received", "features")
    )
    assert received != features


def test_lambda_is_the_largest_that_hardly_costs_spread():
    shape = (torch.zeros(1, 2, 2), torch.zeros(1, 2, 2))
    tried = [
        Inversion(*shape, penalty=p, spread=s) for p, s in ((0.1, 0.1), (0.2, 0.12), (0.3, 0.2))
    ]
    assert choose(tried).penalty == 0.2


def test_what_cannot_be_compared_is_refused():
    defense, rng = TriggerInversion(**QUICK), stream(0, "d")
    with pytest.raises(DefenseError, match="1 images"):
        defense.invert(make_link(), some_images(1), rng=rng)
    with pytest.raises(DefenseError, match="treats all images alike"):
        defense.invert(make_link(), torch.zeros(5, *SHAPE), rng=rng)
