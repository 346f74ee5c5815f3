import torch

from semvet.catalog import resolve
from semvet.data import DataSet, ImageSet, split
from semvet.randomness import stream
from semvet.store import Store
from semvet.training.classifier import trained_classifier
from semvet.training.recipe import Trainer
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
    run, trainer = run or run_with(), Trainer(Store(tmp_path), CPU, watch or Silent())
    asked = run.evaluation
    return trained_classifier(
        asked.classifier, splits or made_splits(), "data", trainer,
        epochs=asked.classifier_epochs, seed=run.seed,
    )  # fmt: skip


def test_it_learns_the_classes_and_is_trained_once(tmp_path):
    heard, x = Heard(), bars(30, "new").pixels / 255
    first = trained(tmp_path, watch=heard)
    assert first.record.test.value > 0.95
    assert first.record.test.n == 60
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


def test_images_without_a_class_are_left_out(tmp_path):
    splits = made_splits(lambda label: torch.where(torch.arange(len(label)) % 4 == 0, -1, label))
    assert trained(tmp_path, splits=splits).record.test.value > 0.9
