"""Curves whose knee is known, and what the printed average does to them."""

import pytest
import torch

from semvet.defenses.weights.knee import find_knee, smoothed

RATIOS = torch.arange(20) / 20


def knee(curve, **changes):
    return find_knee(
        curve, RATIOS, **{"window": 3, "average": "sound", "padding": "edge", **changes}
    )


def test_the_knee_of_two_straight_lines_is_where_they_meet():
    curve = torch.minimum(RATIOS / 0.3, 1 + 0.1 * (RATIOS - 0.3))
    assert RATIOS[knee(curve).index] == pytest.approx(0.3, abs=0.05)
    assert knee(curve).d.max() == pytest.approx(1 / 1.065 - 0.3 / 0.95, abs=0.08)


@pytest.mark.parametrize("padding", ["zeros", "edge"])
@pytest.mark.parametrize(
    "curve", [torch.zeros(20), torch.full((20,), 0.2), 0.4 * RATIOS, RATIOS**3]
)
def test_flat_even_and_convex_curves_have_no_knee(curve, padding):
    found = knee(curve, padding=padding)
    assert found.index is None
    assert found.d.isfinite().all()


def test_the_window_has_w_terms_and_the_printed_one_w_plus_1():  # errata B3
    curve = torch.ones(9)
    sound = smoothed(curve, window=3, average="sound", padding="edge")
    literal = smoothed(curve, window=3, average="literal", padding="edge")
    assert sound.tolist() == pytest.approx([1.0] * 9)
    assert literal.tolist() == pytest.approx([4 / 3] * 9)


def test_zeros_at_the_ends_bend_the_curve():  # errata B4
    curve = torch.ones(9)
    bent = smoothed(curve, window=3, average="sound", padding="zeros")
    assert bent.tolist() == pytest.approx([2 / 3, *[1.0] * 7, 2 / 3])
    early = torch.full((20,), 1.0)
    early[0] = 0.9  # the change is over at the first ratio
    assert knee(early, padding="edge").index == 1 or knee(early, padding="edge").index == 2
    assert knee(early, padding="zeros").d[-1] < 0 <= knee(early, padding="edge").d[-1] + 1e-6
