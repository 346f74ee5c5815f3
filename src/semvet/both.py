"""The pair that every figure comes in: the null control and the attacked system."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from pydantic import ConfigDict

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, kw_only=True)
class Both(Generic[T]):
    """Named at every use, because two of a kind in a row are swapped sooner or later."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)

    clean: T
    attacked: T

    def map(self, make: Callable[[T], U]) -> "Both[U]":
        """The attacked system first: what can go wrong, goes wrong where it is looked for."""
        attacked = make(self.attacked)
        return Both(clean=make(self.clean), attacked=attacked)

    def items(self) -> Iterator[tuple[str, T]]:
        yield "attacked", self.attacked
        yield "clean", self.clean


def zipped(one: Both[T], other: Both[U]) -> Both[tuple[T, U]]:
    return Both(clean=(one.clean, other.clean), attacked=(one.attacked, other.attacked))
