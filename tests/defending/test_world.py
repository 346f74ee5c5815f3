"""What a defense can reach: a walk through every attribute of what it is given."""

from types import FunctionType, MethodType

import pytest
import torch
from support import digits, tiny_run, tiny_sembugger
from torch import Tensor

from semvet.attacks import Attack
from semvet.catalog import null_control, resolve
from semvet.config import Run
from semvet.data import DataSet, ImageSet, Splits
from semvet.defending.world import World
from semvet.defenses import Defended, Defense, Vantage
from semvet.errors import DefenseError
from semvet.pipeline.material import load_material
from semvet.pipeline.retraining import surroundings
from semvet.randomness import stream
from semvet.store import Store
from semvet.training.trained import Workshop, trained_system
from semvet.types import to_images
from semvet.watch import Silent

ANSWERS = (Run, Attack, Splits, DataSet, ImageSet, Workshop, Store)


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
    shop = Workshop(splits, material.fingerprint, Store(root / "runs"), cpu, Silent())
    return run, shop, trained_system(run, shop, name="the system under sembugger")


def test_digging_through_every_attribute_finds_no_answer(world):
    run, shop, trained = world
    defense = Digging()
    surroundings(run, shop, trained).put_on(defense, rng=stream(0, "defense"))
    assert any(one is trained.link for one in defense.found)  # the walk does walk
    assert not [type(one).__name__ for one in defense.found if isinstance(one, ANSWERS)]
    targets = shop.splits.target_candidates
    tests = to_images(shop.splits.test.pixels)
    for tensor in (one for one in defense.found if isinstance(one, Tensor)):
        if tensor.ndim < 3 or tensor.shape[-2:] != tests.shape[-2:]:
            continue
        images = tensor.float().reshape(-1, *tests.shape[-2:])
        images = images / 255 if tensor.dtype == torch.uint8 else images
        for known in (targets, tests):
            same = (images[:, None] - known[None, :, 0]).abs().amax(dim=(2, 3)) < 1e-3
            assert not same.any()


def test_the_trainer_is_not_told_which_pairs_were_poisoned(world):
    run, shop, trained = world
    around = surroundings(run, shop, trained)
    assert around.pairs.level.any()
    assert not around.told.level.any()
    assert around.told.element_removed is None


def test_services_end_with_the_defense(world):
    class Keeping(Digging):
        def apply(self, view, *, rng):
            self.training = view.training
            return Defended(view.link)

    run, shop, trained = world
    defense = Keeping()
    surroundings(run, shop, trained).put_on(defense, rng=stream(0, "defense"))
    with pytest.raises(DefenseError, match="after it was applied"):
        defense.training.again({"late": 1})


def test_a_view_holds_what_the_vantage_point_owns_and_nothing_else(world):
    trained = world[2]
    full = World(trained.link, torch.zeros(3, 1, 16, 16), lambda count: [trained.link], None)
    vantage = Vantage.RECEIVER
    view = full.view(vantage)
    assert (view._images, view._references, view._training) == (None, None, None)
    with pytest.raises(DefenseError, match="receiver cannot look from"):
        view.narrowed(Vantage.AUDITOR, trained.link)


def test_reference_systems_of_two_seeds_are_different_ones(world):
    run, shop, _ = world
    asked = []

    def noted(which, shop, *, name):
        asked.append(which.seed)
        return world[2]

    from semvet.pipeline import retraining

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retraining, "trained_system", noted)
        for seed in (0, 1):
            other = null_control(run.model_copy(update={"seed": seed}))
            retraining.Retraining(other, shop, world[2].attack).references(2)
    assert len(set(asked)) == 4
