"""The whole: failures of every certificate, input that cannot be, a real link."""

import json
from math import log10

import pytest
import torch
from known_links import SIGMA, HalfSpace, Linear, X, generators, most_failures

from semvet.certificates import ALL, certify_image
from semvet.certificates.image import BEST
from semvet.certificates.of_mean import OF_MEAN
from semvet.certificates.sampling import samples
from semvet.channels import AWGN
from semvet.errors import DefenseError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape

ALPHA = 0.05
RADII = [0.1 * SIGMA, SIGMA]


def certified(link=None, x=X, **changes):
    given = {"sigma": SIGMA, "n0": 60, "n": 300, "alpha": ALPHA, "radii": RADII}
    return certify_image(
        link or HalfSpace(0.3), x, **{**given, "rng": stream(0, "certify"), **changes}
    )


def test_all_certificates_fail_at_most_as_often_as_alpha_allows():
    link, repeats, names = HalfSpace(0.3), 200, (*OF_MEAN, BEST)
    truth = [link.mean(r / SIGMA) for r in RADII]  # of every pixel of S(x'), the worst x'
    moved_db = [-20 * log10(s - 0.3) for s in truth]
    error_db = [-20 * log10(max(abs(s - 0.5) for s in (up, 0.3))) for up in truth]
    failures = dict.fromkeys((*names, "target"), 0)
    for rng in generators(repeats):
        one = certified(link, targets=torch.ones(1, 1, 2, 2), certificates=tuple(OF_MEAN), rng=rng)
        for name in names:
            curve = one.curves[name]
            failures[name] += any(
                got > true + 1e-9
                for got, true in zip(
                    curve.between_db + curve.truth_db, moved_db + error_db, strict=True
                )
            )
        way = one.targets[0].way
        failures["target"] += any(w < s for w, s in zip(way, truth, strict=True))
    assert max(failures.values()) <= most_failures(repeats, ALPHA), failures


def test_all_certificates_of_a_linear_link_say_something_and_none_too_much():
    one = certified(Linear([0.3, 0.2, 0.1, 0.1]), n=20_000, n0=500, alpha=0.001)
    truth = [-10 * log10((0.3 * r) ** 2 / 4) for r in RADII]  # mean and median, the worst x'
    for name, curve in one.curves.items():
        assert all(0 < db <= best for db, best in zip(curve.between_db, truth, strict=True)), name
        assert curve.between_db == sorted(curve.between_db, reverse=True)
        assert not any(curve.abstained)
    assert set(one.curves) == {*ALL, BEST} - {"center-ssim"}
    assert one.curves[BEST].between_db[0] >= one.curves["spectral"].between_db[0]
    assert one.curves["spectral"].between_db[0] > truth[0] - 2.5  # few copies
    assert one.average_db > 50


def test_the_center_is_certified_in_ssim_where_copies_are_alike():
    one = certified(Linear([0.01] * 4), n=1000, certificates=["center-ssim"])
    assert 0 < one.center_ssim.between[0] < 1
    assert 0 < one.center_ssim.truth[0] < one.center_ssim.between[0]
    far = certified(Linear([0.01] * 4), radii=[9.0], certificates=["center-ssim"])
    assert (far.center_ssim.between, far.center_ssim.abstained) == ([-1.0], [True])


def test_smoothers_are_named():
    smoothers = {name: curve.smoother for name, curve in certified().curves.items()}
    assert {smoothers[name] for name in (*OF_MEAN, BEST)} == {"mean"}
    assert (smoothers["median"], smoothers["center"]) == ("median", "center")


def test_the_record_is_plain_and_says_how_much_was_drawn():
    link = Linear([0.3] * 4)
    record = certified(link, targets=torch.ones(2, 1, 2, 2), radii=[0.0, 1.0, 9.0]).record()
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["n0"], record["n"], record["alpha"]) == (60, 300, ALPHA)
    assert len(record["targets"]) == 2
    for curve in record["curves"].values():
        assert all(0 <= db <= 100 for db in curve["between_db"] + curve["truth_db"])
    for name in ("median", "center"):
        assert record["curves"][name]["between_db"][2] == 0
        assert record["curves"][name]["abstained"] == [False, True, True]


def test_only_what_is_asked_for_is_made():
    assert set(certified(certificates=["median"]).curves) == {"median"}
    assert set(certified(certificates=["mean"]).curves) == {"mean", BEST}
    assert certified(certificates=["median"]).average_db is None


def test_the_same_stream_gives_the_same_certificates():
    assert certified() == certified()


def test_copies_come_in_chunks_and_differ():
    chunks = list(samples(Linear([0.3] * 4), X, sigma=SIGMA, n=250, rng=stream(0, "c"), chunk=100))
    assert [len(y) for y in chunks] == [100, 100, 50]
    assert len(torch.cat(chunks).flatten(1).unique(dim=0)) == 250


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sigma": 0.0}, "sigma: 0.0"),
        ({"n": 8}, "smallest n is 9"),
        ({"n0": 40}, "smallest is 45"),
        ({"alpha": 0.0}, "alpha"),
        ({"radii": []}, "radii"),
        ({"radii": [0.1, float("inf")]}, "radii.*finite"),
        ({"certificates": ["mean", "hope"]}, "no hope; there are theorem-1"),
        ({"x": X.expand(2, -1, -1, -1)}, "one image"),
        ({"link": lambda z, rng: 2 * z}, r"\[0, 1\]: clamp"),
        ({"link": lambda z, rng: z * float("nan")}, "range from nan"),
    ],
)
def test_input_that_certifies_nothing_is_refused(changes, says):
    with pytest.raises(DefenseError, match=says):
        certified(**changes)


def test_copies_that_share_an_snr_are_refused():
    with seeded(0, "init"):
        system = JSCC(ImageShape(1, 8, 8), width=4)
    link = Transceiver(system, AWGN(), snr_db=25.0, snr_spread_db=5.0)
    with pytest.raises(DefenseError, match=r"call .eval\(\)"):
        certified(link, torch.zeros(1, 1, 8, 8))


def test_a_real_link_ignores_batch_mates_and_can_be_certified():
    with seeded(0, "init"):
        system = JSCC(ImageShape(1, 8, 8), width=4)
    link = Transceiver(system, AWGN(), snr_db=25.0).eval()
    x = torch.rand(6, 1, 8, 8, generator=stream(0, "x"))
    noise = link.draw(6, rng=stream(0, "n"))
    with torch.no_grad():
        together = link.transmit(x, noise).received
        alone = link.transmit(x[2:3], {k: v[2:3] for k, v in noise.items()}).received
    assert torch.allclose(together[2:3], alone, atol=1e-6)
    one = certified(link, x[:1], n=2000)
    assert one.curves[BEST].between_db[0] > 30
