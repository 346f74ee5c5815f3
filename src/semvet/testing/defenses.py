"""What every defense promises, in a small world: an untrained system, noise for images.

It is seen working, not succeeding: whether a defense helps is what a run measures.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from semvet.defenses import Defended, Defense, Detection, Suspicion, Vantage, View
from semvet.defenses.base import view_of
from semvet.defenses.statistics.asking import score_of
from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.records.exhibits import ImageRows
from semvet.systems import Transceiver
from semvet.testing.material import SMALL, images, pairs, small_link
from semvet.testing.promise import (
    Maker,
    Promise,
    keep,
    named,
    own_randomness,
    plain,
    promised,
    require_close,
    require_equal,
    require_in_range,
    require_typed_arguments,
)
from semvet.types import Flags, Images, Indices, Pairs, Transform

SHOWN = 200  # images that a defense is given; as many pairs
BATCH = 4


class SmallTraining:
    """`defenses.Retrainer` without a training: the same untrained system every time."""

    def __init__(self) -> None:
        data = pairs(SHOWN, SMALL)
        self.pairs: Pairs = replace(data, level=torch.zeros_like(data.level))

    def again(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> Transceiver:  # fmt: skip
        promised(plain(record), "it asks for a training by a record that JSON cannot hold")
        return small_link(SMALL).eval()

    def split(self, *, parties: int, timeout_s: float) -> tuple[Transceiver, dict[str, Any]]:
        return small_link(SMALL).eval(), {}


def check_defense(plug_in: Maker[Defense], /, **arguments: Any) -> None:
    """Args:
    plug_in: the class, or a function that makes one.
    arguments: of the class, where its defaults are not to be tried; take few copies and steps.

    Raises:
        AssertionError: the defense, the promise that it breaks, and what was found.
    """
    keep(PROMISES, partial(plug_in, **arguments), what=named(plug_in))


def seen_by(defense: Defense, link: Transceiver) -> View:
    def references(count: int) -> Sequence[Transceiver]:
        return [small_link(SMALL).eval() for _ in range(count)]

    return view_of(
        defense.vantage, link, images=images(SHOWN, "sent before", SMALL), references=references,
        training=SmallTraining(),
    )  # fmt: skip


def applied(make: Maker[Defense], *, seed: int = 0) -> Defended:
    defense, link = make(), small_link(SMALL).eval()
    with own_randomness():
        return defense.apply(seen_by(defense, link), rng=stream(seed, "defense"))


def its_arguments_are_keyword_only_and_typed(make: Maker[Defense]) -> None:
    defense = make()
    promised(isinstance(defense, Defense), "it is no semvet.defenses.Defense")
    require_typed_arguments(defense)


def it_says_where_it_stands(make: Maker[Defense]) -> None:
    vantage = make().vantage
    promised(isinstance(vantage, Vantage) and bool(vantage), f"`vantage` is {vantage!r}")


def it_takes_only_what_its_vantage_point_owns(make: Maker[Defense]) -> None:
    try:
        applied(make)
    except DefenseError as error:
        promised(False, str(error))


def a_system_that_it_cannot_work_on_is_refused_before_training(make: Maker[Defense]) -> None:
    make().refuse(small_link(SMALL))


def the_deployed_system_stays_as_it_is(make: Maker[Defense]) -> None:
    defense, link = make(), small_link(SMALL).eval()
    before = copy.deepcopy(link.state_dict())
    defense.apply(seen_by(defense, link), rng=stream(0, "defense"))
    for name, value in link.state_dict().items():
        require_equal(value, before[name], f"apply changes {name} in place; work on a copy")
    promised(not link.training, "apply leaves the link in training mode")
    asked = [name for name, parameter in link.named_parameters() if parameter.grad is not None]
    promised(not asked, f"apply leaves gradients in {', '.join(asked)}")


def a_defended_link_takes_and_gives_images(make: Maker[Defense]) -> None:
    defended, x = applied(make), images(BATCH, "x", SMALL)
    with torch.no_grad(), own_randomness():
        y = defended.link(x, rng=stream(0, "n"))
    require_in_range(y, tuple(x.shape), "what is received")
    promised(defended.channel_uses_factor >= 1, f"channel uses: {defended.channel_uses_factor}")


def the_same_stream_gives_the_same_defense(make: Maker[Defense]) -> None:
    x = images(BATCH, "x", SMALL)
    first, second = (applied(make) for _ in range(2))
    with torch.no_grad():
        one, other = (made.link(x, rng=stream(0, "n")) for made in (first, second))
    require_equal(one, other, "its link receives other images")
    promised(set(first.findings) == set(second.findings), "its findings have other names")


def findings_are_plain_and_pictures_are_there(make: Maker[Defense]) -> None:
    defended = applied(make)
    for name, value in defended.findings.items():
        promised(plain(value), f"finding {name!r} is {type(value).__name__}, JSON cannot hold it")
    for name, picture in defended.pictures.items():
        promised(isinstance(picture, Tensor), f"picture {name!r} is {type(picture).__name__}")
    asked = [row.array for shown in defended.exhibits if isinstance(shown, ImageRows)
             for row in shown.rows]  # fmt: skip
    missing = ", ".join(sorted(set(asked) - set(defended.pictures)))
    promised(not missing, f"exhibits show {missing}, which is none of its pictures")


def a_detector_scores_each_image_on_its_own(make: Maker[Defense]) -> None:
    detection = applied(make).detection
    if detection is None:
        return
    x = images(BATCH, "x", SMALL)
    score = _score(detection, x)
    found = f"{tuple(score.shape)} scores of {BATCH} images"
    promised(score.shape == (BATCH,) and bool(score.isfinite().all()), f"{found}, or not finite")
    require_equal(score, _score(detection, x), "the same stream gives other scores")
    promised(isinstance(detection.threshold, float), "the threshold is no float")


def _score(detection: Detection, x: Images) -> Tensor:
    with own_randomness():
        return detection.score(x, stream(0, "score"))


def a_suspicion_is_about_the_images_that_it_was_given(make: Maker[Defense]) -> None:
    suspicion: Suspicion | None = applied(make).suspicion
    if suspicion is None:
        return
    for name, value in (("score", suspicion.score), ("flagged", suspicion.flagged)):
        found = f"{name} has the shape {tuple(value.shape)} for {SHOWN} images"
        promised(value.shape == (SHOWN,), found)
    promised(suspicion.flagged.dtype == torch.bool, f"flagged is {suspicion.flagged.dtype}")


def a_certificate_is_one_radius_per_image(make: Maker[Defense]) -> None:
    certify = applied(make).certify
    if certify is None:
        return
    certificate = certify(images(BATCH, "x", SMALL), _never, stream(0, "certify"))
    radius, safe = certificate.radius, certificate.safe_share
    promised(radius.shape == safe.shape == (BATCH,), f"{tuple(radius.shape)} of {BATCH} images")
    promised(bool((radius >= 0).all()) and bool(radius.isfinite().all()), "a radius is below 0")
    promised(bool(((safe >= 0) & (safe <= 1)).all()), "a share of votes is not within 0 and 1")
    promised(0 < certificate.alpha < 1, f"alpha is {certificate.alpha}")


def _never(received: Images) -> Flags:
    return torch.zeros(len(received), dtype=torch.bool)


def what_attackers_may_know_is_differentiable(make: Maker[Defense]) -> None:
    defense, x = make(), images(BATCH, "x", SMALL).requires_grad_()
    if defense.transform is not None:
        noise = defense.transform.draw(BATCH, SMALL, rng=stream(0, "n"))
        sent = defense.transform(x, noise)
        promised(sent.shape == x.shape, f"transform makes {tuple(sent.shape)} of {tuple(x.shape)}")
        require_equal(defense.transform(x, noise), sent, "the same noise gives another image")
        promised(sent.requires_grad, "no gradient comes through `transform`")
        alone = defense.transform(x[:1], {k: v[:1] for k, v in noise.items()})
        require_close(alone, sent[:1], "alone in its batch an image is sent in another way")
    if defense.statistic is not None:
        score = score_of(defense.statistic, small_link(SMALL).eval(), x, rng=stream(0, "n"))
        promised(score.shape == (BATCH,), f"statistic makes {tuple(score.shape)} of {BATCH} images")
        promised(score.requires_grad, "no gradient comes through `statistic`")


PROMISES: tuple[Promise[Defense], ...] = (
    its_arguments_are_keyword_only_and_typed,
    it_says_where_it_stands,
    it_takes_only_what_its_vantage_point_owns,
    a_system_that_it_cannot_work_on_is_refused_before_training,
    the_deployed_system_stays_as_it_is,
    a_defended_link_takes_and_gives_images,
    the_same_stream_gives_the_same_defense,
    findings_are_plain_and_pictures_are_there,
    a_detector_scores_each_image_on_its_own,
    a_suspicion_is_about_the_images_that_it_was_given,
    a_certificate_is_one_radius_per_image,
    what_attackers_may_know_is_differentiable,
)
