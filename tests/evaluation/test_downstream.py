import pytest
import torch
from support import digits, tiny_run

from semvet.attacks import CTBA, NoAttack, SCTrojanLabel
from semvet.catalog.schema import resolve
from semvet.channels import AWGN
from semvet.data import DataSet, ImageSet, split
from semvet.errors import ConfigError
from semvet.evaluation.downstream import (
    classifier_figures,
    preflight_classifier,
    receiver_figures,
    trained_classifier,
    wanted_labels,
)
from semvet.evaluation.goals.judge import LabelJudge
from semvet.evaluation.measurement import evaluation_images, measure
from semvet.evaluation.subject import Subject
from semvet.intervals import rate_interval
from semvet.pipeline.execute import execute
from semvet.randomness import stream
from semvet.store import Store
from semvet.systems import Identity, Transceiver
from semvet.types import ImageShape
from semvet.watch import Silent

CPU = torch.device("cpu")
SHAPE = ImageShape(1, 16, 16)


class Heard(Silent):
    def __init__(self):
        self.stages = []

    def stage(self, what):
        self.stages.append(what)


def bars(n, name, classes=3):
    """Class c: a bright bar in row 5 c, on noise."""
    rng = stream(0, name)
    pixels = torch.randint(0, 60, (n, *SHAPE), dtype=torch.uint8, generator=rng)
    label = torch.arange(n) % classes
    for c in range(classes):
        pixels[label == c, :, 5 * c : 5 * c + 3] = 220
    return ImageSet(pixels, label)


def made_splits(relabel=lambda label: label):
    train, test = bars(400, "train"), bars(60, "test")
    data = DataSet(ImageSet(train.pixels, relabel(train.label)), test, "bars")
    return split(data, seed=0, target_candidates=4)


def run_with(classifier="small", **changes):
    evaluation = {"classifier": classifier, "classifier_epochs": 3}
    return resolve({"evaluation": evaluation, **changes})


def trained(tmp_path, run=None, splits=None, watch=None):
    return trained_classifier(
        run or run_with(), splits or made_splits(), "data", Store(tmp_path),
        device=CPU, watch=watch or Silent(),
    )  # fmt: skip


def test_it_learns_the_classes_and_is_trained_once(tmp_path):
    heard, x = Heard(), bars(30, "new").pixels / 255
    first = trained(tmp_path, watch=heard)
    assert first.record["test"]["accuracy"] > 0.95
    assert first.record["test"]["n"] == 60
    assert heard.stages == ["training the classifier small"]
    again = trained(tmp_path, watch=heard)
    assert heard.stages == ["training the classifier small"]
    assert torch.equal(again.classify(x), first.classify(x))
    assert again.record == first.record


def test_the_same_seed_gives_the_same_weights_anywhere(tmp_path):
    x = bars(5, "new").pixels / 255
    one, other = (trained(tmp_path / name).classify(x) for name in "ab")
    assert torch.equal(one, other)
    assert not torch.equal(trained(tmp_path, run_with(seed=1)).classify(x), one)


def test_it_does_not_depend_on_what_is_vetted(tmp_path):
    heard = Heard()
    for attack in ("none", "bass"):
        trained(tmp_path, run_with(attack=attack, snr_db=5), watch=heard)
    assert len(heard.stages) == 1


def test_a_regnet_is_kept_and_found_with_its_normalization(tmp_path):
    run, x = run_with("regnet-y-200mf"), bars(5, "new").pixels / 255
    first = trained(tmp_path, run)
    assert torch.equal(trained(tmp_path, run).classify(x), first.classify(x))
    torch.testing.assert_close(first.classify(x[:1]), first.classify(x)[:1], atol=1e-4, rtol=1e-3)


def test_none_is_asked_for_by_default(tmp_path):
    assert trained(tmp_path, resolve({})) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("relabel", [lambda x: x * 0 - 1, lambda x: x * 0], ids=["no", "one class"])
def test_data_without_classes_are_refused_before_training(relabel):
    with pytest.raises(ConfigError, match=r"evaluation\.classifier: small needs images of two cl"):
        preflight_classifier(run_with(), made_splits(relabel))
    preflight_classifier(run_with("none"), made_splits(relabel))
    preflight_classifier(run_with(), made_splits())


def test_images_without_a_class_are_left_out(tmp_path):
    splits = made_splits(lambda label: torch.where(torch.arange(len(label)) % 4 == 0, -1, label))
    assert trained(tmp_path, splits=splits).record["test"]["accuracy"] > 0.9


def test_a_success_is_named_as_the_targets_class():
    splits = made_splits()
    levels = NoAttack(splits.target_candidates, levels=2)
    assert wanted_labels(run_with(), levels, splits) == splits.target_candidate_labels[:2].tolist()
    elsewhere = run_with(targets={"data": "fashion_mnist"})
    assert wanted_labels(elsewhere, levels, splits) == [-1, -1]
    label = SCTrojanLabel(splits.target_candidates, target_class=2)
    assert wanted_labels(run_with(), label, splits) == [2]
    assert wanted_labels(elsewhere, label, splits) == [2]


def test_accuracy_is_counted_on_what_was_sent_and_received(tmp_path):
    splits, attack = made_splits(), CTBA(torch.rand(1, *SHAPE, generator=stream(0, "t")))
    sample = evaluation_images(splits.test, attack, count=60, device=CPU)
    link = Transceiver(Identity(SHAPE), AWGN(), snr_db=25.0)
    one = trained(tmp_path, splits=splits)
    judge = LabelJudge(one.classify, 0, sample.benign)
    measured = measure(link, attack, sample, judge, nominal=link.nominal, seed=0, draws=1)
    subject = Subject(link, judge, measured, measured, [1.0])
    figures = classifier_figures(one, sample, subject, subject)
    right = int((one.classify(sample.benign).argmax(1) == splits.test.label).sum())
    assert figures["originals"] == {
        "accuracy": right / 60, "interval": rate_interval(right, 60), "n": 60
    }  # fmt: skip
    assert figures["clean_system"] == figures["originals"]  # nothing is lost on the way
    assert figures["parameters"] == sum(p.numel() for p in one.network.parameters())
    assert classifier_figures(None, sample, subject, subject) is None
    own = receiver_figures(sample, subject, subject)
    assert own == {name: figures["originals"] for name in ("clean_system", "attacked_system")}


def test_a_run_says_what_both_classifiers_make_of_it(tmp_path, runs):
    evaluation = {"classifier": "small", "classifier_epochs": 1, "studies": []}
    run = tiny_run(digits(tmp_path / "digits"), attack="sc-trojan-label")
    run["evaluation"] = run["evaluation"] | evaluation
    metrics = execute(run, Store(runs)).metrics
    for system in ("clean_system", "attacked_system"):
        n = metrics[system]["n"]  # digits other than the target class
        assert metrics["classifier"][system]["n"] == n
        assert metrics["receiver_classifier"][system]["n"] == n
    assert metrics["classifier"]["originals"]["accuracy"] > 0.1
    assert [row["rule"] for row in metrics["judgements"]] == ["label", "classifier"]
    assert metrics["trigger"]["lpips"] == [None] or metrics["trigger_lpips_note"] is None
    folder = execute(run | {"attack": "none"}, Store(runs))  # its classifier is there already
    assert folder.metrics["classifier"]["test"] == metrics["classifier"]["test"]
    assert folder.metrics["receiver_classifier"] is None
    assert folder.metrics["judgements"][-1]["rule"] == "classifier"  # of the target's class
