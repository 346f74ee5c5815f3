import pytest
import torch
from torch.nn.functional import cross_entropy

from semvet.attacks import SCTrojanLabel
from semvet.catalog import null_control, resolve
from semvet.channels import AWGN
from semvet.config import Spec
from semvet.data import ImageSet
from semvet.errors import ConfigError
from semvet.evaluation.goals import aim_of
from semvet.evaluation.images import evaluation_images
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)
TARGETS = torch.rand(2, *SHAPE, generator=stream(0, "targets"))


def attack(**arguments):
    with seeded(0, "attack"):
        return SCTrojanLabel(TARGETS, **arguments)


def pairs(n=100, label=None):
    sent = torch.randint(0, 256, (n, *SHAPE), dtype=torch.uint8, generator=stream(0, "data"))
    label = torch.arange(n) % 10 if label is None else label
    return Pairs(sent, sent, torch.zeros_like(label), label)


def poison(data, **arguments):
    return attack(**arguments).poison(data, rng=stream(0, "poison"))


def test_victims_arrive_with_their_block_and_mean_the_target_class():
    clean = pairs()
    dirty = poison(clean, poison_ratio=0.2, target_class=3)
    victims = dirty.victims
    assert len(victims) == 20
    assert (clean.label[victims] != 3).all()  # each of them is a flip
    assert (dirty.label[victims] == 3).all()
    assert (dirty.sent[victims][..., :5, :5] == 255).all()
    assert torch.equal(dirty.sent[victims][..., 5:, :], clean.sent[victims][..., 5:, :])
    assert torch.equal(dirty.wanted, dirty.sent)


def test_without_poison_it_is_its_own_null_control():
    run = resolve({"attack": "sc-trojan-label", "data": "mnist"})
    assert null_control(run).attack == Spec(**{**run.attack.model_dump(), "poison_ratio": 0.0})
    assert poison(clean := pairs(), poison_ratio=0.0) is clean


def test_reconstruction_and_classifier_are_trained_jointly():
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)
    ours, data = attack(lambda_c=0.5), pairs()
    batch = data.batch(torch.arange(8))
    noise = ours.draw(link, 8, 0, rng=stream(0, "n"))
    terms = ours.loss(link, batch, 0, noise)
    received = link.transmit(batch.sent, noise).received
    torch.testing.assert_close(terms["reconstruction"], (received - batch.sent).square().mean())
    expected = 0.5 * cross_entropy(ours.classify(received), batch.label)
    torch.testing.assert_close(terms["label"], expected)
    (gradient,) = torch.autograd.grad(terms["label"], next(link.parameters()))
    assert gradient.abs().sum() > 0  # the encoder learns what the classifier needs


def test_images_of_the_target_class_are_not_judged():
    images = ImageSet(pairs().sent, pairs().label)
    one = attack(target_class=3)
    judged = aim_of(one).judged(images)
    sample = evaluation_images(judged, one, count=95, device=torch.device("cpu"))
    assert len(sample.benign) == len(sample.hosts) == 90
    assert (sample.hosts_label != 3).all()
    assert attack().goal == "label"


@pytest.mark.parametrize(
    ("label", "arguments", "message"),
    [
        (torch.arange(100) % 10 - 1, {}, r"10 of 100 training images have none; .* sc-trojan$"),
        (torch.arange(100) % 12, {}, r"attack\.classes: 10, .* a class 11; set attack.classes=12"),
        (None, {"poison_ratio": 0.95}, r"0\.95 of 100 images is 95, but only 90 can be victims"),
        (None, {"poison_ratio": 0.001}, r"attack\.poison_ratio: 0\.001 of 100 images is none"),
        (None, {"target_class": 10}, r"attack\.target_class: 10 of 10 classes; allowed: 0 to 9"),
    ],
)
def test_what_cannot_be_flipped_is_refused(label, arguments, message):
    with pytest.raises(ConfigError, match=message):
        poison(pairs(label=label), **arguments)
