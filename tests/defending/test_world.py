"""What a defense can reach: a walk through every attribute of what it is given."""

from dataclasses import replace
from types import FunctionType, MethodType

import pytest
import torch
from support import digits, tiny_run, tiny_sembugger
from torch import Tensor

from semvet.attacks import Attack
from semvet.catalog import resolve
from semvet.config import Run
from semvet.data import DataSet, ImageSet, Splits
from semvet.defending.world import World
from semvet.defenses import Defended, Defense, Vantage
from semvet.errors import DefenseError
from semvet.pipeline.material import load_material
from semvet.pipeline.recipes import recipe_of
from semvet.pipeline.retraining import surroundings
from semvet.randomness import stream
from semvet.store import Store
from semvet.training.recipe import Recipe, Trainer
from semvet.training.trained import trained_system
from semvet.types import to_images
from semvet.watch import Silent

ANSWERS = (Run, Attack, Splits, DataSet, ImageSet, Recipe, Trainer, Store)


def reachable(start, limit=200_000):
    """Every object that instance attributes, containers, closures and bound methods lead to."""
    seen, todo = {}, [start]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | bool | type(None)):
            continue
        seen[id(one)] = one
        assert len(seen) < limit
        if isinstance(one, Tensor):
            continue
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            todo += list(one)
        if isinstance(one, FunctionType):
            todo += [cell.cell_contents for cell in one.__closure__ or ()]
            todo += [one.__defaults__, one.__kwdefaults__]
        if isinstance(one, MethodType):
            todo += [one.__self__, one.__func__]
        for name in ("func", "args", "keywords", "__wrapped__"):  # of a partial, of a wrapper
            todo.append(getattr(one, name, None))
        todo += list(vars(one).values()) if hasattr(one, "__dict__") and not isinstance(
            one, type
        ) else []  # fmt: skip
        for kind in type(one).__mro__:
            slots = vars(kind).get("__slots__", ())
            todo += [
                getattr(one, slot, None) for slot in ([slots] if slots == str(slots) else slots)
            ]
            if isinstance(one, Defense):
                todo += list(vars(kind).values())
    return list(seen.values())


class Digging(Defense):
    """Stands everywhere, and looks at whatever it can reach before and after it has asked."""

    vantage = Vantage.TRANSMITTER | Vantage.RECEIVER | Vantage.AUDITOR | Vantage.TRAINER

    def apply(self, view, *, rng):
        asked = [view.images, view.references(1), view.training.pairs]
        asked.append(view.training.again({"digging": 1}))
        self.found = reachable([view, asked, self])
        return Defended(view.link)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    document = tiny_run(digits(root / "digits"), attack=tiny_sembugger())
    document["training"] = {"epochs": 1, "batch": 32}
    run = resolve(document)
    material = load_material(run)
    splits = material.splits(run)
    cpu = torch.device("cpu")
    trainer, recipe = Trainer(Store(root / "runs"), cpu, Silent()), recipe_of(run, splits, "data")
    trained = trained_system(recipe, trainer, name="the system under sembugger")
    return splits, trained, surroundings(run, splits, recipe, trainer, trained)


def test_digging_through_every_attribute_finds_no_answer(world):
    splits, trained, around = world
    defense = Digging()
    around.put_on(defense, rng=stream(0, "defense"))
    assert any(one is trained.link for one in defense.found)  # the walk does walk
    assert not [type(one).__name__ for one in defense.found if isinstance(one, ANSWERS)]
    targets = splits.target_candidates
    tests = to_images(splits.test.pixels)
    for tensor in (one for one in defense.found if isinstance(one, Tensor)):
        if tensor.ndim < 3 or tensor.shape[-2:] != tests.shape[-2:]:
            continue
        images = tensor.float().reshape(-1, *tests.shape[-2:])
        images = images / 255 if tensor.dtype == torch.uint8 else images
        for known in (targets, tests):
            same = (images[:, None] - known[None, :, 0]).abs().amax(dim=(2, 3)) < 1e-3
            assert not same.any()


def test_the_trainer_is_not_told_which_pairs_were_poisoned(world):
    around = world[2]
    assert around.pairs.level.any()
    assert not around.told.level.any()
    assert around.told.element_removed is None


def test_services_end_with_the_defense(world):
    class Keeping(Digging):
        def apply(self, view, *, rng):
            self.training = view.training
            return Defended(view.link)

    defense = Keeping()
    world[2].put_on(defense, rng=stream(0, "defense"))
    with pytest.raises(DefenseError, match="after it was applied"):
        defense.training.again({"late": 1})


def test_a_view_holds_what_the_vantage_point_owns_and_nothing_else(world):
    trained = world[1]
    full = World(trained.link, torch.zeros(3, 1, 16, 16), lambda count: [trained.link], None)
    vantage = Vantage.RECEIVER
    view = full.view(vantage)
    assert (view._images, view._references, view._training) == (None, None, None)
    with pytest.raises(DefenseError, match="receiver cannot look from"):
        view.narrowed(Vantage.AUDITOR, trained.link)


def test_reference_systems_of_two_seeds_are_different_ones(world, monkeypatch):
    around, seeds = world[2], []

    def noted(recipe, trainer, *, name):
        seeds.append(recipe.seed)
        return world[1]

    monkeypatch.setattr("semvet.pipeline.retraining.trained_system", noted)
    for seed in (0, 1):
        recipe = replace(around.workshop.recipe, seed=seed)
        replace(around.workshop, recipe=recipe).references(2)
    assert len(set(seeds)) == 4
