"""Several defenses in a row: each is put on what the one before it left in use.

    link_0 -> part 1 -> link_1 -> part 2 -> link_2          images pass part 2 first, then part 1

So [denoised smoothing's denoiser, smoothing] denoises each noisy copy. Each part stands at its own
vantage point and gets no more than that.
"""

from math import prod
from typing import Any, final

from torch import Generator

from semvet.defenses.base import Defended, Defense, Vantage, View
from semvet.errors import ConfigError
from semvet.records.exhibits import under
from semvet.systems import Transceiver


@final
class Combined(Defense):
    """Args:
    parts: the defenses, the first one innermost.
    """

    def __init__(self, *, parts: tuple[Defense, ...]):
        if not parts:
            raise ConfigError("defense.parts: at least one defense")
        self.parts = parts
        self.vantage = Vantage(0)
        for part in parts:
            self.vantage |= part.vantage

    def refuse(self, link: Transceiver) -> None:
        for part in self.parts:
            part.refuse(link)

    def apply(self, view: View, *, rng: Generator) -> Defended:
        done, link = [], view.link
        for part in self.parts:
            done.append(part.apply(view.narrowed(part.vantage, link), rng=rng))
            link = done[-1].link

        def last(name: str) -> Any:
            return next((v for one in reversed(done) if (v := getattr(one, name))), None)

        return Defended(
            link,
            channel_uses_factor=prod(one.channel_uses_factor for one in done),
            findings={f"{i}/{k}": v for i, one in enumerate(done) for k, v in one.findings.items()},
            exhibits=tuple(under(e, str(i)) for i, one in enumerate(done) for e in one.exhibits),
            pictures={f"{i}/{k}": v for i, one in enumerate(done) for k, v in one.pictures.items()},
            certify=done[-1].certify,  # of an earlier part it would speak of another link
            detection=last("detection"),
            suspicion=last("suspicion"),
            look_back=last("look_back"),
        )
