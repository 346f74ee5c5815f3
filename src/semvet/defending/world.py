"""What surrounds one deployed system: what a defense may stand on, and nothing of the adversary's.

    World   the link, images that were sent before, reference systems, the training
    view    what a vantage point owns of that

No run, no attack, no test image and no candidate target is in it, or behind anything that is: what
has to work with those is a `Service`, which can be called and not looked into. An audit of a
stranger's codec has a world too, without a training.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, final

from semvet.defenses import Retrainer, Vantage, View
from semvet.defenses.base import view_of
from semvet.errors import DefenseError
from semvet.systems import Link, Transceiver
from semvet.types import Images, Indices, Pairs, Transform

_offered: dict[int, Callable[..., Any]] = {}  # by number; no attribute of a service leads here
_numbers = count()


@dataclass(frozen=True)
class World:
    link: Link
    images: Images | None = None
    references: Callable[[int], Sequence[Transceiver]] | None = None
    training: Retrainer | None = None

    def view(self, vantage: Vantage) -> View:
        return view_of(
            vantage, self.link, images=self.images, references=self.references,
            training=self.training,
        )  # fmt: skip


@final
class Service:
    """A function of the stage's. Whoever holds it has its number; what it needs stays there."""

    __slots__ = ("_number",)

    def __init__(self, number: int):
        self._number = number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises DefenseError once the defense has been applied."""
        if self._number not in _offered:
            raise DefenseError(
                "a defense asked for a training or a reference system after it was applied; "
                "allowed: within its `apply`"
            )
        return _offered[self._number](*args, **kwargs)


@contextmanager
def offered(function: Callable[..., Any]) -> Iterator[Service]:
    """As long as the context lasts."""
    number = next(_numbers)
    _offered[number] = function
    try:
        yield Service(number)
    finally:
        del _offered[number]


@final
@dataclass(frozen=True)
class ThinRetrainer:
    """`defenses.Retrainer`: the training's pairs, and two services.

    Args:
        pairs: as poisoned, without a mark that says which.
        anew: of `again`.
        apart: of `split`.
    """

    pairs: Pairs
    anew: Service
    apart: Service

    def again(
        self, record: dict[str, Any], *, keep: Indices | None = None,
        before: Transform | None = None,
    ) -> Transceiver:  # fmt: skip
        return self.anew(record, keep=keep, before=before)

    def split(self, *, parties: int, timeout_s: float) -> tuple[Transceiver, dict[str, Any]]:
        return self.apart(parties=parties, timeout_s=timeout_s)
