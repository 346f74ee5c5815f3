import pytest
import torch

from semvet.attacks import ATTACKS, BASS
from semvet.catalog import resolve
from semvet.channels import OperatingPoint
from semvet.data import DataSet, ImageSet, split
from semvet.errors import ConfigError
from semvet.pipeline.execute import execute
from semvet.pipeline.preflight import preflight
from semvet.randomness import stream
from semvet.store import Store
from semvet.types import ImageShape

SHAPE = ImageShape(1, 16, 16)


def made_splits(relabel=lambda label: label):
    pixels = torch.randint(
        0, 255, (460, *SHAPE), dtype=torch.uint8, generator=stream(0, "preflight")
    )
    label = relabel(torch.arange(460) % 3)
    train, test = (ImageSet(pixels[part], label[part]) for part in (slice(400), slice(400, None)))
    return split(DataSet(train, test, "noise"), seed=0, target_candidates=4)


def run_with(**changes):
    return resolve({"evaluation": {"alpha": 0.1}, **changes})


@pytest.mark.parametrize("relabel", [lambda x: x * 0 - 1, lambda x: x * 0], ids=["no", "one class"])
def test_data_without_classes_are_refused_where_a_classifier_is_asked_for(relabel):
    asked = run_with(evaluation={"classifier": "small", "alpha": 0.1})
    with pytest.raises(ConfigError, match=r"evaluation\.classifier: small needs images of two cl"):
        preflight(asked, made_splits(relabel))
    preflight(run_with(), made_splits(relabel))
    preflight(asked, made_splits())


class Whole(BASS):
    pass


class Cropped(BASS):
    def trigger(self, x, *, level):
        return x[..., 1:] if level else x


class Loud(BASS):
    def trigger(self, x, *, level):
        return x * 1.2 if level else x


class Undefined(BASS):
    def trigger(self, x, *, level):
        return x / 0 * 0 if level else x


class Doubled(BASS):
    def trigger(self, x, *, level):
        return self.patch(x).double() if level else x


class Forgetful(BASS):
    def trigger(self, x, *, level):
        self.patch(x)


class Raises(BASS):
    def trigger(self, x, *, level):
        return x[level, 5]


class Always(BASS):
    def trigger(self, x, *, level):
        return self.patch(x)


class Unclipped(BASS):
    def scaled(self, x, *, intensity):
        return x + intensity * (self.trigger(x, level=1) - x)


class Elsewhere(BASS):
    def operating_point(self, nominal, *, level):
        return 3.0


class Endless(BASS):
    def operating_point(self, nominal, *, level):
        return OperatingPoint(nominal.channel, float("inf"))


class Floats(BASS):
    def poison(self, data, *, rng):
        pairs = super().poison(data, rng=rng)
        return type(data)(pairs.sent / 255, pairs.wanted, pairs.level, pairs.label)


class Higher(BASS):
    def poison(self, data, *, rng):
        pairs = super().poison(data, rng=rng)
        return type(data)(pairs.sent, pairs.wanted, 2 * pairs.level, pairs.label)


class Nothing(BASS):
    def poison(self, data, *, rng):
        pass


BROKEN = {
    Cropped: r"trigger\(x, level=1\) returned float32 \(4, 1, 16, 15\); allowed: float32 \(4, 1",
    Loud: r"trigger\(x, level=1\) returned values from 0 to 1\.\d+; allowed: .* within \[0, 1\]",
    Undefined: r"trigger\(x, level=1\) returned NaN or infinity; allowed: ",
    Doubled: r"trigger\(x, level=1\) returned float64 \(4, 1, 16, 16\); allowed: float32",
    Forgetful: r"trigger\(x, level=0\) returned a NoneType; allowed: float32",
    Raises: r"trigger\(x, level=0\) raised IndexError \(test_preflight\.py, line \d+\): index 5",
    Always: r"trigger\(x, level=0\) changed x; allowed: x itself",
    Unclipped: r"scaled\(x, intensity=1\.5\) returned values from -?\d.* within \[0, 1\]",
    Elsewhere: r"operating_point\(nominal, level=0\) returned a float; allowed: None, or an Oper",
    Endless: r"operating_point\(nominal, level=0\) returned an SNR of inf dB; allowed: a finite",
    Floats: r"poison returned float32 \(\d+, 1, 16, 16\) as `sent`; allowed: uint8 \(",
    Higher: r"poison returned levels from 0 to 2; allowed: 0 \(benign\) to 1",
    Nothing: r"poison returned a NoneType; allowed: Pairs",
}


@pytest.mark.parametrize("attack", BROKEN, ids=lambda attack: attack.__name__)
def test_a_broken_attack_is_refused_with_what_it_returned_and_what_is_allowed(attack, monkeypatch):
    monkeypatch.setitem(ATTACKS, "mine", attack)
    with pytest.raises(ConfigError, match=rf"^attack mine[:,] {BROKEN[attack]}"):
        preflight(run_with(attack="mine"), made_splits())


def test_a_whole_one_is_not(monkeypatch):
    monkeypatch.setitem(ATTACKS, "mine", Whole)
    preflight(run_with(attack="mine"), made_splits())


def test_nothing_is_trained_for_a_broken_one(monkeypatch, tmp_path):
    monkeypatch.setitem(ATTACKS, "mine", Cropped)
    document = {"data": {"name": "mnist", "source": "sample"}, "attack": "mine"}
    with pytest.raises(ConfigError, match=r"attack mine: trigger"):
        execute(document, Store(tmp_path))
    assert not list(tmp_path.rglob("*.safetensors"))
