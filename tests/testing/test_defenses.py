"""Each promise of a defense is one that can be broken, and then it says so."""

from dataclasses import replace

import pytest
import torch

from semvet.defenses import Defended, FineTuning, SelfLoop, SemanticSmoothing, Threshold, Vantage
from semvet.records.exhibits import ImageRow, ImageRows
from semvet.testing import check_defense
from semvet.types import Pairs

ROWS = ImageRows(
    key="mask", heading="mask", alt="a mask", caption="", rows=(ImageRow(array="mask", title="m"),)
)


class Nowhere(Threshold):
    vantage = Vantage(0)


class Nosy(Threshold):
    def apply(self, view, *, rng):
        return Defended(view.system)


class Refusing(Threshold):
    def refuse(self, link):
        raise ValueError("jscc")


class Gradients(FineTuning):
    def apply(self, view, *, rng):
        view.link(view.images[:2], rng=rng).sum().backward()
        return super().apply(view, rng=rng)


class Brightening(Threshold):
    def apply(self, view, *, rng):
        link = view.link
        return Defended(lambda x, *, rng, at=None: 1 + link(x, rng=rng, at=at))


class Cheap(Threshold):
    def apply(self, view, *, rng):
        return Defended(view.link, channel_uses_factor=0.5)


class Moody(Threshold):
    moods = 0.0

    def apply(self, view, *, rng):
        Moody.moods += 0.1
        link, dimmed = view.link, 1 - Moody.moods / 10
        return Defended(lambda x, *, rng, at=None: dimmed * link(x, rng=rng, at=at))


class Rolling(Threshold):
    def apply(self, view, *, rng):
        torch.rand(1)
        return Defended(view.link)


class Tensors(Threshold):
    def apply(self, view, *, rng):
        defended = Defended(view.link)
        defended.findings["mask"] = torch.zeros(3)
        return defended


class Missing(Threshold):
    def apply(self, view, *, rng):
        return Defended(view.link, exhibits=(ROWS,))


class OneScore(SelfLoop):
    def apply(self, view, *, rng):
        defended = super().apply(view, rng=rng)
        found = defended.detection
        averaged = replace(found, score=lambda x, rng: found.score(x, rng).mean())
        return replace(defended, detection=averaged)


class Certain(SemanticSmoothing):
    def apply(self, view, *, rng):
        defended = super().apply(view, rng=rng)
        inner = defended.certify

        def certify(x, hit, rng):
            return replace(inner(x, hit, rng), alpha=0.0)

        return replace(defended, certify=certify)


class Opaque(Threshold):
    def __init__(self):
        super().__init__()
        inner = self.transform

        class Hidden:
            draw = staticmethod(inner.draw)

            def __call__(self, x, noise):
                return inner(x, noise).detach()

        self.transform = Hidden()


@pytest.mark.parametrize(
    ("defense", "words"),
    [
        (Nowhere, "it says where it stands: `vantage` is"),
        (Nosy, "what its vantage point owns: transmitter has no system; allowed: "),
        (Refusing, "refused before training: it raised ValueError: jscc"),
        (Gradients, "the deployed system stays as it is: apply leaves gradients in "),
        (Brightening, "a defended link takes and gives images: what is received ranges from"),
        (Cheap, "takes and gives images: channel uses: 0.5"),
        (Moody, "the same stream gives the same defense: its link receives other images"),
        (Rolling, "draws from torch's global stream"),
        (Tensors, "findings are plain .*: finding 'mask' is Tensor, JSON cannot hold it"),
        (Missing, "exhibits show mask, which is none of its pictures"),
        (OneScore, "a detector scores each image on its own"),
        (Certain, "a certificate is one radius per image: alpha is 0.0"),
        (Opaque, "what attackers may know is differentiable: no gradient comes through `trans"),
    ],
)
def test_a_broken_promise_is_named(defense, words):
    small = {Gradients: {"steps": 2}, Certain: {"copies": 4}}.get(defense, {})
    with pytest.raises(AssertionError, match=f"{defense.__name__}: broken promise: .*{words}"):
        check_defense(defense, **small)


def test_a_trainers_defense_has_a_training_to_run_again():
    class Again(Threshold):
        vantage = Vantage.TRAINER
        seen: Pairs | None = None

        def apply(self, view, *, rng):
            Again.seen = view.training.pairs
            return Defended(view.training.again({"again": True}))

    check_defense(Again)
    assert len(Again.seen) == 200
