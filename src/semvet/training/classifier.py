"""A classifier that never saw the attack, trained once for a data set and kept in the store.

Whatever systems and attacks are vetted on that data set, they are read by the same one.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semvet.classifiers import RegNetY, SmallClassifier
from semvet.clock import Stopwatch
from semvet.config import content_id
from semvet.data import ImageSet, Splits
from semvet.errors import TrainingError
from semvet.randomness import seeded
from semvet.records import ClassifierRecord, Rate
from semvet.store import Arrays, once, read_model, read_weights_of, write_model, write_weights
from semvet.training.batches import Batches
from semvet.training.engine import learning_rate
from semvet.training.machine import place
from semvet.training.recipe import Trainer
from semvet.training.weights import load, to_arrays
from semvet.types import Images, ImageShape, to_images

BATCH, PEAK_RATE = 64, 2e-3  # D-026
CHUNK = 500  # images in one forward pass


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
    folder = trainer.store.trained(content_id(described, fingerprint))
    doing = f"training the classifier {name}"
    network = make_classifier(name, splits.train, seed=seed)
    place(network, trainer.device)

    def make() -> None:
        trainer.watch.stage(doing)
        clock = Stopwatch(trainer.device)
        loss = _fit(network, splits.train, epochs=epochs, seed=seed, device=trainer.device)
        seconds, arrays = clock.seconds(), to_arrays(classifier=network)
        write_weights(folder / "weights.safetensors", arrays, {"record": described})
        record = ClassifierRecord(
            name=name, epochs=epochs, seed=seed, images=described["images"], data=fingerprint,
            seconds=seconds, loss=tuple(loss),
            test=_right(network.eval(), splits.test, trainer.device),
        )  # fmt: skip
        write_model(folder / "training.json", record)

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


def _fit(
    network: nn.Module, images: ImageSet, *, epochs: int, seed: int, device: torch.device
) -> list[float]:
    """The mean loss of each epoch. Trains in place: Adam, one cycle, images without a class out."""
    images = images.take(images.label >= 0)
    pixels, label = images.pixels.to(device), images.label.to(device)
    batches = Batches(
        torch.zeros(len(images)), batch=min(BATCH, len(images)), separate=False, seed=seed
    )
    optimizer = torch.optim.Adam(network.parameters())
    step, steps, history = 0, epochs * batches.steps_per_epoch, []
    network.train()
    for epoch in range(epochs):
        losses = []
        for index in batches.epoch(epoch).to(device):
            optimizer.param_groups[0]["lr"] = learning_rate(step, steps, PEAK_RATE)
            loss = cross_entropy(network(to_images(pixels[index])), label[index])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            step += 1
        history.append(float(torch.stack(losses).mean()))
        if not torch.tensor(history[-1]).isfinite():
            raise TrainingError(
                f"the classifier diverged in epoch {epoch + 1} of {epochs}; take another seed or "
                "evaluation.classifier"
            )
    return history


def _right(network: nn.Module, images: ImageSet, device: torch.device) -> Rate | None:
    """Over images that have a class."""
    parts = images.pixels.split(CHUNK)
    said = torch.cat([logits(network, to_images(p.to(device))).argmax(1).cpu() for p in parts])
    known = images.label >= 0
    right = int((said == images.label)[known].sum())
    return Rate.of(right, int(known.sum())) if bool(known.any()) else None
