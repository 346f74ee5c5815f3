"""A classifier that never saw the attack, trained once for a data set and kept in the store.

Whatever systems and attacks are vetted on that data set, they are read by the same one.
"""

import hashlib
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semvet.classifiers import RegNetY, SmallClassifier
from semvet.config import content_id
from semvet.data import ImageSet, Splits
from semvet.learning import train
from semvet.randomness import seeded
from semvet.records import ClassifierRecord, Rate
from semvet.store import Arrays, once, read_model, read_weights_of, write_model, write_weights
from semvet.training.batches import Batches, Order
from semvet.training.checkpoint import checkpoints, restored, state_of
from semvet.training.machine import place
from semvet.training.recipe import Trainer
from semvet.training.schedule import learning_rate
from semvet.training.weights import load, to_arrays
from semvet.types import Images, ImageShape, LossTerms, to_images

BATCH, PEAK_RATE = 64, 2e-3  # D-026
CHUNK = 500  # images in one forward pass
LOSS = "cross entropy"


@dataclass(frozen=True)
class TrainedClassifier:
    network: nn.Module  # in evaluation mode
    record: ClassifierRecord

    def classify(self, x: Images) -> Tensor:
        return logits(self.network, x)


@torch.no_grad()
def logits(network: nn.Module, x: Images) -> Tensor:
    return torch.cat([network(part) for part in x.split(CHUNK)])


def trained_classifier(
    name: str, splits: Splits, fingerprint: str, trainer: Trainer, *, epochs: int, seed: int
) -> TrainedClassifier:
    """Fp32, the same weights for the same seed.

    Args:
        name: "small", "regnet-y-200mf" or "regnet-y-16gf".
        fingerprint: of the data.

    Raises TrainingError: it diverged.
    """
    described = {
        "kind": "classifier", "name": name, "epochs": epochs, "seed": seed,
        "images": hashlib.sha256(splits.train_index.numpy().tobytes()).hexdigest()[:16],
    }  # fmt: skip
    key = content_id(described, fingerprint)
    folder = trainer.store.trained(key)
    doing = f"training the classifier {name}"
    network = make_classifier(name, splits.train, seed=seed)
    place(network, trainer.device)

    def make() -> None:
        trainer.watch.stage(doing)
        fit = Fit(network, splits.train, epochs=epochs, seed=seed, device=trainer.device)
        checkpoint = folder / "checkpoint.safetensors"
        learned = train(
            fit, device=trainer.device, report=trainer.watch.training,
            checkpoints=checkpoints(checkpoint, key=key, every_s=trainer.checkpoint_every_s),
        )  # fmt: skip
        arrays = to_arrays(classifier=network)
        write_weights(folder / "weights.safetensors", arrays, {"record": described})
        record = ClassifierRecord(
            name=name, epochs=epochs, seed=seed, images=described["images"], data=fingerprint,
            seconds=learned.seconds, loss=tuple(epoch[LOSS] for epoch in learned.history),
            test=_right(network.eval(), splits.test, trainer.device),
        )  # fmt: skip
        write_model(folder / "training.json", record)
        checkpoint.unlink(missing_ok=True)

    def read() -> tuple[Arrays, ClassifierRecord]:
        record = read_model(folder / "training.json", ClassifierRecord)
        return read_weights_of(folder / "weights.safetensors", described), record

    arrays, record = once(folder, make, read, wait=trainer.watch.stage, doing=doing)
    load(arrays, classifier=network)
    return TrainedClassifier(network.eval(), record)


def make_classifier(name: str, images: ImageSet, *, seed: int) -> nn.Module:
    shape, classes = ImageShape(*images.pixels.shape[1:]), int(images.label.max()) + 1
    with seeded(seed, "classifier"):
        match name:
            case "small":
                return SmallClassifier(shape, classes=classes)
            case "regnet-y-200mf":
                return RegNetY(shape, classes=classes, size="200mf")
            case _:
                return RegNetY(shape, classes=classes, size="16gf")


@final
class Fit:
    """What learns in the training loop: Adam, one cycle, images without a class left out.

    Args:
        network: trained in place, on `device`.
    """

    name = "the classifier"
    way_out = "take another seed or evaluation.classifier"

    def __init__(
        self, network: nn.Module, images: ImageSet, *, epochs: int, seed: int, device: torch.device
    ):
        images = images.take(images.label >= 0)
        self.network = network.train()
        self.pixels, self.label = images.pixels.to(device), images.label.to(device)
        self.images = min(BATCH, len(images))
        batches = Batches(torch.zeros(len(images)), batch=self.images, separate=False, seed=seed)
        self.order, self.steps_per_epoch = Order(batches, device), batches.steps_per_epoch
        self.steps = epochs * self.steps_per_epoch
        self.optimizer = torch.optim.Adam(network.parameters())

    def learn(self, step: int) -> LossTerms:
        index = self.order.row(step)
        self.optimizer.param_groups[0]["lr"] = learning_rate(step, self.steps, PEAK_RATE)
        loss = cross_entropy(self.network(to_images(self.pixels[index])), self.label[index])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return {LOSS: loss.detach()}

    def state(self) -> Arrays:
        return state_of(self.network, self.optimizer)

    def restore(self, state: Arrays) -> bool:
        return restored(self.network, self.optimizer, state)


def _right(network: nn.Module, images: ImageSet, device: torch.device) -> Rate | None:
    """Over images that have a class."""
    parts = images.pixels.split(CHUNK)
    said = torch.cat([logits(network, to_images(p.to(device))).argmax(1).cpu() for p in parts])
    known = images.label >= 0
    right = int((said == images.label)[known].sum())
    return Rate.of(right, int(known.sum())) if bool(known.any()) else None
