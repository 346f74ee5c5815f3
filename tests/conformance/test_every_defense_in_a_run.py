"""What must hold for anything in the DEFENSES table once it is part of a run."""

import pytest
import torch
from support import digits, tiny_run

from semvet import api
from semvet.defenses import DEFENSES

SMALL = {  # so that a conformance test of a second is enough
    "semantic-smoothing": {"copies": 4},
    "combined": {"parts": ["threshold", {"name": "semantic-smoothing", "copies": 4}]},
    "denoiser": {"steps": 3},
    "fine-tuning": {"steps": 3},
    "fine-pruning": {"steps": 3},
    "anp": {"steps": 3},
    "trigger-inversion": {"steps": 3, "references": 1},
    "output-covariance": {"copies": 4, "false_positives": 0.1},
    "self-loop": {"false_positives": 0.1},
    "strip": {"false_positives": 0.1},
    "snr-consistency": {"false_positives": 0.1},
    "noise-augmented-training": {"sigma": 0.1},
}


def spec(name):
    return {"name": name, **SMALL.get(name, {})}


def run_of(folder, tmp_path) -> api.Result:
    """All defenses at once: they share what is trained."""
    document = tiny_run(
        folder, attack={"name": "bass", "poison_ratio": 0.1},
        defense=[spec(name) for name in DEFENSES],
    )  # fmt: skip
    document["evaluation"] = {**document["evaluation"], "studies": []}
    return api.run(document, runs=tmp_path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same training images, and two disjoint sets of test images."""
    images = digits(tmp_path_factory.mktemp("digits"), 600).rglob("*.png")
    images = sorted(images, key=lambda file: file.name)  # all classes everywhere
    made = []
    for test in (images[400:500], images[500:]):
        folder = tmp_path_factory.mktemp("data")
        for part, files in (("train", images[:400]), ("test", test)):
            for file in files:
                place = folder / part / file.parent.name / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read_bytes())
        made.append(run_of(folder, tmp_path_factory.mktemp("runs")))
    return made


@pytest.mark.parametrize("name", DEFENSES)
def test_another_test_set_leaves_a_defense_bit_for_bit_as_it_was(runs, name):
    index = list(DEFENSES).index(name)
    one, other = (result.record.defenses[index] for result in runs)
    assert without_times(one.findings) == without_times(other.findings)
    assert one.suspicion == other.suspicion
    assert thresholds(one) == thresholds(other)
    files = [folder.path / f"hardened-{index}.safetensors" for folder in runs]
    assert files[0].exists() == files[1].exists()
    if files[0].exists():
        assert files[0].read_bytes() == files[1].read_bytes()
    shown = [folder.arrays for folder in runs]
    for key in shown[0]:
        if key.startswith(f"defense/{index}/own/"):
            assert torch.equal(*(torch.from_numpy(arrays[key]) for arrays in shown))


def without_times(findings):
    return findings.map(lambda found: {k: v for k, v in found.items() if k != "seconds"})


def thresholds(found):
    return found.detection and found.detection.map(lambda figures: figures.threshold)


def test_the_test_sets_do_differ(runs):
    one, other = (result.record.defenses[0].after for result in runs)
    assert one != other


@pytest.mark.parametrize("name", DEFENSES)
def test_a_defense_says_where_it_stands_and_what_it_costs(runs, name):
    found = runs[0].record.defenses[list(DEFENSES).index(name)]
    assert set(found.vantage) <= {"TRANSMITTER", "RECEIVER", "AUDITOR", "TRAINER"}
    assert found.vantage
    assert found.channel_uses_factor >= 1
    assert found.ms_per_image > 0
