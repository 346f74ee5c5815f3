"""A classifier that never saw the attack, trained once for a data set and kept in the store.

Whatever systems and attacks are vetted on that data set, they are read by the same one.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from semvet.classifiers import RegNetY, SmallClassifier
from semvet.config import Run, content_id
from semvet.data import ImageSet, Splits
from semvet.errors import TrainingError
from semvet.intervals import rate_interval
from semvet.randomness import seeded
from semvet.store import Store, read_json, read_weights, write_json, write_weights
from semvet.training.batches import Batches
from semvet.training.engine import learning_rate
from semvet.training.machine import place
from semvet.training.trained import load, to_arrays
from semvet.types import Images, ImageShape, to_images
from semvet.watch import Watch

BATCH, PEAK_RATE = 64, 2e-3  # D-026
CHUNK = 500  # images in one forward pass


@dataclass(frozen=True)
class TrainedClassifier:
    name: str
    network: nn.Module  # in evaluation mode
    record: dict[str, Any]  # of its training, and its accuracy on all test images

    @torch.no_grad()
    def classify(self, x: Images) -> Tensor:
        return torch.cat([self.network(part) for part in x.split(CHUNK)])


def trained_classifier(
    run: Run, splits: Splits, fingerprint: str, store: Store, *, device: torch.device, watch: Watch
) -> TrainedClassifier | None:
    """None if the run asks for none. Fp32, the same weights for the same seed."""
    name, epochs = run.evaluation.classifier, run.evaluation.classifier_epochs
    if name == "none":
        return None
    described = {
        "kind": "classifier", "name": name, "epochs": epochs, "seed": run.seed,
        "images": hashlib.sha256(splits.train_index.numpy().tobytes()).hexdigest()[:16],
    }  # fmt: skip
    folder = store.trained(content_id(described, fingerprint))
    network = make_classifier(name, splits.train, seed=run.seed)
    place(network, device)
    with store.lock(folder, wait=watch.stage, doing="training the classifier"):
        if not (folder / "training.json").exists():
            watch.stage(f"training the classifier {name}")
            began = time.perf_counter()
            loss = _fit(network, splits.train, epochs=epochs, seed=run.seed, device=device)
            seconds = time.perf_counter() - began
            arrays = to_arrays(classifier=network)
            write_weights(folder / "weights.safetensors", arrays, {"record": described})
            test = _right(TrainedClassifier(name, network.eval(), {}), splits.test, device)
            facts = {"data": fingerprint, "seconds": seconds, "loss": loss, "test": test}
            write_json(folder / "training.json", described | facts)
    load(read_weights(folder / "weights.safetensors"), classifier=network)
    return TrainedClassifier(name, network.eval(), read_json(folder / "training.json"))


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


def _right(one: TrainedClassifier, images: ImageSet, device: torch.device) -> dict[str, Any]:
    parts = images.pixels.split(CHUNK)
    said = torch.cat([one.classify(to_images(part.to(device))).argmax(1).cpu() for part in parts])
    right, n = int((said == images.label)[images.label >= 0].sum()), int((images.label >= 0).sum())
    return {"accuracy": right / n, "interval": rate_interval(right, n), "n": n} if n else {"n": 0}
