"""What every data set promises. It is loaded from where its arguments say: give it a small one."""

from functools import partial
from typing import Any

import torch

from semvet.data import DataSet, ImageSet, Source
from semvet.testing.promise import (
    Maker,
    Promise,
    keep,
    named,
    own_randomness,
    promised,
    require_typed_arguments,
)


def check_dataset(plug_in: Maker[Source], /, **arguments: Any) -> None:
    """Args:
    plug_in: the class, or a function that makes one.
    arguments: of the class, such as the folder that it reads.

    Raises:
        AssertionError: the data set, the promise that it breaks, and what was found.
    """
    keep(PROMISES, partial(plug_in, **arguments), what=named(plug_in))


def loaded(make: Maker[Source]) -> DataSet:
    with own_randomness():
        return make().load()


def parts(data: DataSet) -> dict[str, ImageSet]:
    return {"train": data.train, "test": data.test}


def its_arguments_are_keyword_only_and_typed(make: Maker[Source]) -> None:
    source = make()
    promised(isinstance(source, Source), "it is no semvet.data.Source")
    require_typed_arguments(source)


def it_says_where_its_images_would_come_from(make: Maker[Source]) -> None:
    found = make().now()
    promised(isinstance(found, str) and bool(found.strip()), f"now() is {found!r}, not a sentence")


def it_says_what_its_images_are(make: Maker[Source]) -> None:
    found = loaded(make).source
    promised(isinstance(found, str) and bool(found.strip()), f"source is {found!r}")


def images_are_8_bit_grey_or_colour_of_one_shape(make: Maker[Source]) -> None:
    source = make()
    data = loaded(make)
    for name, part in parts(data).items():
        promised(len(part) > 0, f"{name} holds no image")
        pixels = part.pixels
        promised(pixels.dtype == torch.uint8, f"{name} is {pixels.dtype}, not uint8")
        promised(pixels.ndim == 4, f"{name} has the shape {tuple(pixels.shape)}, not NCHW")
        promised(pixels.shape[1] in (1, 3), f"{name} has {pixels.shape[1]} channels, not 1 or 3")
        promised(tuple(pixels.shape[1:]) == tuple(data.shape), f"{name} has another shape")
    if source.shape is not None:
        promised(source.shape == data.shape, f"shape says {source.shape}, they are {data.shape}")


def every_image_has_a_label_or_minus_1(make: Maker[Source]) -> None:
    for name, part in parts(loaded(make)).items():
        found = f"{name}: {tuple(part.label.shape)} {part.label.dtype} of {len(part)} images"
        promised(part.label.shape == (len(part),) and part.label.dtype == torch.int64, found)
        promised(int(part.label.min()) >= -1, f"{name}: a label is {int(part.label.min())}")


def it_loads_the_same_images_every_time(make: Maker[Source]) -> None:
    first, second = (loaded(make).fingerprint for _ in range(2))
    promised(first == second, f"the fingerprint is {first} once and {second} the second time")


def scenes_differ_from_themselves_without_the_element_under_its_mask_only(
    make: Maker[Source],
) -> None:
    for name, part in parts(loaded(make)).items():
        if part.element_removed is None or part.mask is None:
            continue
        changed = (part.pixels != part.element_removed).any(dim=1)
        promised(not bool((changed & ~part.mask).any()), f"{name}: pixels outside the mask differ")
        holders = changed.flatten(1).any(dim=1)
        promised(not bool(holders[part.label == 0].any()), f"{name}: label 0 holds the element")


PROMISES: tuple[Promise[Source], ...] = (
    its_arguments_are_keyword_only_and_typed,
    it_says_where_its_images_would_come_from,
    it_says_what_its_images_are,
    images_are_8_bit_grey_or_colour_of_one_shape,
    every_image_has_a_label_or_minus_1,
    it_loads_the_same_images_every_time,
    scenes_differ_from_themselves_without_the_element_under_its_mask_only,
)
