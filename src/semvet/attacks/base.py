"""The shape of a backdoor attack. The base class is the threat model."""

from abc import ABC, abstractmethod
from enum import Flag, auto
from typing import ClassVar

from torch import Generator, Tensor, nn
from torch.nn.functional import mse_loss

from semvet.errors import ConfigError
from semvet.randomness import permutation
from semvet.systems import TrainableLink
from semvet.types import Images, Noise, Pairs, Scalar, Targets, require_images

LossTerms = dict[str, Scalar]  # weighted; their sum is what training minimizes


class Controls(Flag):
    """What the adversary can touch before deployment; at test time it may always send triggers."""

    NOTHING = 0
    TRANSMITTER_DATA = auto()  # D_T
    RECEIVER_DATA = auto()  # D_R
    TRAINING = auto()  # the loss, and how batches are put together


class Attack(nn.Module, ABC):
    """What is written into the training data, and what is sent at test time.

    The positional argument `targets` holds candidate targets, in [0, 1]; an attack with T levels
    keeps the first T. Trainable parts of an attack (a trigger generator) are its parameters.
    """

    controls: ClassVar[Controls]
    learning_rate_factor: float = 1.0  # of the attack's own parameters, times the system's rate
    targets: Targets  # (T, chan, height, width): what each level should come out as

    def __init__(self, targets: Targets, *, levels: int):
        super().__init__()
        if levels > len(targets):
            raise ConfigError(f"attack.levels: {levels} levels, but only {len(targets)} targets")
        self.register_buffer("targets", require_images(targets[:levels], "targets").clone())

    @property
    def levels(self) -> int:
        """T, the number of trigger levels and of targets."""
        return len(self.targets)

    @abstractmethod
    def trigger(self, x: Images, *, level: int) -> Images:
        """What the adversary sends to get `targets[level - 1]`, in [0, 1]; level 0 is x itself."""

    @abstractmethod
    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        """The training pairs (uint8) as the adversary leaves them. Never changes `data`."""

    def draw(self, link: TrainableLink, batch: int, victims: int, *, rng: Generator) -> Noise:
        """Everything random in one step on `batch` pairs, the first `victims` of them victims."""
        return link.draw(batch, rng=rng)

    def loss(self, link: TrainableLink, batch: Pairs, victims: int, noise: Noise) -> LossTerms:
        """Ordinary training on whatever the pairs say. Overridden where TRAINING is controlled.

        Pure in (parameters, batch, noise). `victims` counts the victims, which come first in the
        batch; 0 for attacks that control the data only. `terms` of the transmission, losses that
        the system brings itself, belong to the result.
        """
        made = link.transmit(batch.sent, noise)
        return made.terms | {"reconstruction": mse_loss(made.received.float(), batch.wanted)}


def choose_victims(data: Pairs, poison_ratio: float, *, rng: Generator) -> Tensor:
    """floor(poison_ratio N) indices, int64: SemBugger Eq. (2). Drawn on the CPU, sorted."""
    count = int(poison_ratio * len(data) + 1e-9)
    if count == 0:
        raise ConfigError(
            f"attack.poison_ratio: {poison_ratio} of {len(data)} images is none; "
            f"take at least {1 / len(data):.2g}"
        )
    return permutation(len(data), rng=rng)[:count].sort().values
