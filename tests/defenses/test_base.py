"""A vantage point gets what it owns, and an error that says whose the rest is."""

import pytest
import torch

from semvet.channels import AWGN
from semvet.defenses import Vantage, View
from semvet.errors import DefenseError
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape

LINK = Transceiver(JSCC(ImageShape(1, 16, 16), width=2), AWGN(), snr_db=10.0)
WORLD = {
    "images": torch.zeros(3, 1, 16, 16),
    "references": lambda count: [LINK] * count,
    "training": None,
}


class NoTraining:
    pairs = None

    def again(self, record, *, keep=None, before=None):
        return LINK

    def split(self, *, parties, timeout_s):
        return LINK, {}


def seen_by(vantage):
    view = View(vantage, LINK, **WORLD | {"training": NoTraining()})
    found = set()
    for name, look in {
        "images": lambda: view.images,
        "system": lambda: view.system,
        "references": lambda: view.references(1),
        "training": lambda: view.training,
    }.items():
        try:
            look()
            found.add(name)
        except DefenseError:
            pass
    return found


def test_who_owns_what():
    assert seen_by(Vantage.TRANSMITTER) == {"images"}
    assert seen_by(Vantage.RECEIVER) == set()
    assert seen_by(Vantage.AUDITOR) == {"images", "system", "references"}
    assert seen_by(Vantage.TRAINER) == {"images", "system", "training"}


def test_what_is_lacking_and_who_has_it_is_said():
    view = View(Vantage.TRANSMITTER, LINK, **WORLD)
    with pytest.raises(DefenseError, match=r"transmitter has no system; .* auditor, trainer"):
        _ = view.system


def test_weights_behind_another_defense_are_refused_with_the_way_out():
    class Wrapped:
        def __call__(self, x, *, rng, at=None):
            return x

    view = View(Vantage.AUDITOR, LINK, **WORLD).narrowed(Vantage.AUDITOR, Wrapped())
    with pytest.raises(DefenseError, match="wrapped by Wrapped; in a combination it must come"):
        _ = view.system


def test_a_part_of_the_same_world():
    everywhere = Vantage.TRANSMITTER | Vantage.AUDITOR
    view = View(everywhere, LINK, **WORLD).narrowed(Vantage.AUDITOR, LINK)
    assert view.system is LINK
    assert view.images is WORLD["images"]


def test_a_view_is_never_widened():
    view = View(Vantage.TRANSMITTER, LINK, **WORLD)
    with pytest.raises(DefenseError, match="transmitter cannot look from auditor"):
        view.narrowed(Vantage.AUDITOR, LINK)
