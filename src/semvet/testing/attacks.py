"""What every attack promises."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from semvet.attacks import Attack, Controls
from semvet.channels import AWGN, OperatingPoint
from semvet.evaluation.goals import GOALS
from semvet.randomness import seeded, stream
from semvet.systems import Transceiver
from semvet.testing.material import (
    CANDIDATES,
    COLOUR,
    GREY,
    extreme_images,
    images,
    pairs,
    small_link,
)
from semvet.testing.promise import (
    Maker,
    Promise,
    keep,
    named,
    own_randomness,
    promised,
    require_close,
    require_equal,
    require_in_range,
    require_typed_arguments,
)
from semvet.types import ImageShape, Pairs


def check_attack(plug_in: Maker[Attack], /, **arguments: Any) -> None:
    """Args:
    plug_in: the class, or a function of the candidate targets (16, chan, height, width).
    arguments: of the class, where its defaults are not to be tried.

    Raises:
        AssertionError: the attack, the promise that it breaks, and what was found.
    """
    keep(PROMISES, partial(plug_in, **arguments), what=named(plug_in))


def made(make: Maker[Attack], shape: ImageShape = GREY) -> Attack:
    with seeded(0, "attack"):
        return make(images(CANDIDATES, "targets", shape))


def poisoned(attack: Attack, data: Pairs) -> Pairs:
    with own_randomness():
        return attack.poison(data, rng=stream(0, "poison"))


def its_arguments_are_keyword_only_and_typed(make: Maker[Attack]) -> None:
    require_typed_arguments(made(make))


def it_says_what_it_controls_wants_and_aims_at(make: Maker[Attack]) -> None:
    attack = made(make)
    promised(isinstance(attack, Attack), f"{type(attack).__name__} is no semvet.attacks.Attack")
    promised(isinstance(attack.controls, Controls), "`controls` is no semvet.attacks.Controls")
    wants = f"`goal` is {attack.goal!r}; allowed: {', '.join(GOALS)}"
    promised(attack.goal in GOALS, wants)
    require_in_range(attack.targets, (attack.levels, *GREY), "targets")
    if attack.goal == "label":
        logits = attack.classify(images(3, "x"))
        promised(logits.shape[0] == 3, f"classify makes {tuple(logits.shape)} of 3 images")


def level_0_is_the_image_itself(make: Maker[Attack]) -> None:
    attack, x = made(make), images(5, "x")
    require_equal(attack.trigger(x, level=0), x, "trigger(x, level=0) is not x")
    require_equal(attack.scaled(x, intensity=0.0), x, "scaled(x, intensity=0) is not x")
    at = attack.operating_point(OperatingPoint(AWGN(), 25.0), level=0)
    promised(at is None, "operating_point(level=0) is not None")


def triggered_images_keep_their_shape_and_stay_in_0_and_1(make: Maker[Attack]) -> None:
    for shape in (GREY, COLOUR):
        attack, x = made(make, shape), extreme_images(5, shape)
        kept = x.clone()
        for level in range(1, attack.levels + 1):
            require_in_range(attack.trigger(x, level=level), tuple(x.shape), f"level {level}")
        require_equal(x, kept, "trigger changes the images that it is given in place")


def the_strongest_trigger_is_intensity_1(make: Maker[Attack]) -> None:
    attack, x = made(make), images(5, "x")
    wanted = attack.trigger(x, level=attack.levels)
    require_close(attack.scaled(x, intensity=1.0), wanted, "scaled(x, intensity=1) is another")


def a_trigger_shows_in_the_image_exactly_where_in_image_says_so(make: Maker[Attack]) -> None:
    attack, x = made(make), images(5, "x")
    if attack.controls == Controls.NOTHING or attack.goal == "removal":
        return  # the null control; an attack whose trigger is in the scene anyway
    changed = not torch.equal(attack.trigger(x, level=attack.levels), x)
    promised(
        changed == attack.in_image,
        f"in_image is {attack.in_image}, but the strongest trigger "
        f"{'changes' if changed else 'does not change'} images",
    )


def a_trigger_depends_on_its_own_image_only(make: Maker[Attack]) -> None:
    attack, x = made(make), images(5, "x")
    with own_randomness():
        whole = attack.trigger(x, level=attack.levels)
    alone = attack.trigger(x[:1], level=attack.levels)
    require_close(alone, whole[:1], "alone in its batch an image gets another trigger")


def poisoning_leaves_the_data_handed_in_as_they_are(make: Maker[Attack]) -> None:
    attack, data = made(make), pairs()
    kept = [value.clone() for value in (data.sent, data.wanted, data.label, data.level)]
    poisoned(attack, data)
    for before, now in zip(kept, (data.sent, data.wanted, data.label, data.level), strict=True):
        require_equal(now, before, "poison changes the pairs that it is given in place")


def victims_are_marked_and_nobody_else_is_touched(make: Maker[Attack]) -> None:
    attack, data = made(make), pairs()
    dirty = poisoned(attack, data)
    promised(len(dirty) == len(data), f"{len(data)} pairs became {len(dirty)}")
    promised(dirty.sent.dtype == dirty.wanted.dtype == torch.uint8, "pairs are no longer uint8")
    low, high = int(dirty.level.min()), int(dirty.level.max())
    promised(0 <= low <= high <= attack.levels, f"level ranges from {low} to {high}")
    benign = dirty.level == 0
    parts = {"sent": data.sent, "wanted": data.wanted, "label": data.label}
    for name, before in parts.items():
        now = getattr(dirty, name)
        require_equal(now[benign], before[benign], f"{name} of a benign pair is changed")


def the_poison_count_is_the_ratio_rounded_down(make: Maker[Attack]) -> None:
    attack, data = made(make), pairs()
    ratio = getattr(getattr(attack, "base", attack), "poison_ratio", 0)
    wanted = int(ratio * len(data) + 1e-9) if ratio is not None else _carriers(attack, data)
    count = len(poisoned(attack, data).victims)
    promised(count == wanted, f"poison_ratio {ratio} of {len(data)} made {count} victims")


def _carriers(attack: Attack, data: Pairs) -> int:
    able = attack.carries(data.label)
    return len(data) if able is None else int(able.sum())


def the_victims_are_fixed_by_the_stream(make: Maker[Attack]) -> None:
    attack, data = made(make), pairs()
    first, second = (poisoned(attack, data) for _ in range(2))
    for name in ("sent", "wanted", "level", "label"):
        otherwise = f"the same stream gives another {name}"
        require_equal(getattr(first, name), getattr(second, name), otherwise)


def only_what_it_controls_is_changed(make: Maker[Attack]) -> None:
    attack, data = made(make), pairs()
    dirty = poisoned(attack, data)
    if Controls.TRANSMITTER_DATA not in attack.controls:
        require_equal(dirty.sent, data.sent, "`sent` is changed without TRANSMITTER_DATA")
    if Controls.RECEIVER_DATA not in attack.controls:
        require_equal(dirty.wanted, data.wanted, "`wanted` is changed without RECEIVER_DATA")
    own_loss = type(attack).loss is not Attack.loss and attack.goal != "label"
    promised(
        not own_loss or Controls.TRAINING in attack.controls,
        "it has a loss of its own without Controls.TRAINING",
    )


def a_step_is_a_pure_function_of_parameters_batch_and_noise(make: Maker[Attack]) -> None:
    attack, link = made(make), small_link()
    first, second = (_step(attack, link) for _ in range(2))
    promised(bool(first), "loss returns no terms")
    for name, value in first.items():
        promised(value.ndim == 0 and bool(value.isfinite()), f"{name} is no finite scalar: {value}")
        require_equal(second[name], value, f"{name} differs for the same batch and noise")


def losses_train_everything_trainable(make: Maker[Attack]) -> None:
    attack, link = made(make), small_link()
    torch.stack(list(_step(attack, link).values())).sum().backward()
    for name, parameter in [*link.named_parameters(), *attack.named_parameters()]:
        promised(parameter.grad is not None, f"{name} gets no gradient")


def _step(attack: Attack, link: Transceiver) -> dict[str, Tensor]:
    dirty = poisoned(attack, pairs())
    victims = min(8, len(dirty.victims)) if Controls.TRAINING in attack.controls else 0
    benign = (dirty.level == 0).nonzero().flatten()[:24]
    batch = dirty.batch(torch.cat([dirty.victims[:victims], benign]))
    with own_randomness():
        noise = attack.draw(link, len(batch), victims, rng=stream(0, "noise"))
        return attack.loss(link, batch, victims, noise)


PROMISES: tuple[Promise[Attack], ...] = (
    its_arguments_are_keyword_only_and_typed,
    it_says_what_it_controls_wants_and_aims_at,
    triggered_images_keep_their_shape_and_stay_in_0_and_1,
    level_0_is_the_image_itself,
    the_strongest_trigger_is_intensity_1,
    a_trigger_shows_in_the_image_exactly_where_in_image_says_so,
    a_trigger_depends_on_its_own_image_only,
    poisoning_leaves_the_data_handed_in_as_they_are,
    victims_are_marked_and_nobody_else_is_touched,
    the_poison_count_is_the_ratio_rounded_down,
    the_victims_are_fixed_by_the_stream,
    only_what_it_controls_is_changed,
    a_step_is_a_pure_function_of_parameters_batch_and_noise,
    losses_train_everything_trainable,
)
