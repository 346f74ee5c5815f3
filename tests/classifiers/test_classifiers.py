import sys

import pytest
import torch
from support import python

from semvet.classifiers import RegNetY, SmallClassifier
from semvet.errors import ConfigError
from semvet.randomness import seeded, stream
from semvet.types import ImageShape

SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(3, 64, 48)]
MAKERS = {
    "small": lambda shape: SmallClassifier(shape, classes=7),
    "regnet": lambda shape: RegNetY(shape, classes=7, size="200mf"),
}


def images(shape, count=3):
    return torch.rand(count, *shape, generator=stream(0, "x"))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_one_row_of_logits_per_image_whatever_its_batch_mates(make, shape):
    with seeded(0, "classifier"):
        classifier = make(shape).eval()
    x = images(shape)
    logits = classifier(x)
    assert logits.shape == (3, 7)
    torch.testing.assert_close(classifier(x[:1]), logits[:1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_seed_decides_the_weights(make):
    made = []
    for seed in (0, 0, 1):
        with seeded(seed, "classifier"):
            made.append(torch.cat([p.flatten() for p in make(SHAPES[0]).parameters()]))
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_the_small_one_is_small_and_has_no_batch_norm(shape):
    classifier = SmallClassifier(shape, classes=10)
    assert sum(p.numel() for p in classifier.parameters()) < 100_000
    assert not list(classifier.buffers())


@pytest.mark.parametrize(
    ("size", "classes", "millions"), [("200mf", 10, 2.8), ("16gf", 5, 80.6), ("16gf", 10, 80.6)]
)
def test_the_regnets_have_the_published_number_of_parameters(size, classes, millions):
    with torch.device("meta"):  # shapes only
        regnet = RegNetY(ImageShape(3, 64, 64), classes=classes, size=size)
    count = sum(p.numel() for p in regnet.parameters())
    assert count / 1e6 == pytest.approx(millions, abs=0.05)


def test_without_its_package_a_regnet_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ConfigError, match=r'pip install "semvet\[classifiers\]"'):
        RegNetY(SHAPES[0], classes=10, size="200mf")


def test_transformers_is_imported_when_it_is_needed_and_torchvision_never():
    done = python(
        "-c",
        "import sys; import semvet.classifiers as c; from semvet.types import ImageShape\n"
        "assert 'transformers' not in sys.modules\n"
        "c.RegNetY(ImageShape(1, 28, 28), classes=2, size='200mf')\n"
        "assert 'torchvision' not in sys.modules",
    )
    assert done.returncode == 0, done.stderr
