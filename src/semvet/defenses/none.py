"""No defense: the reference line of every comparison."""

from typing import final

from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View


@final
class NoDefense(Defense):
    vantage = Vantage.TRANSMITTER

    def apply(self, view: View, *, rng: Generator) -> Defended:
        return Defended(view.link)
