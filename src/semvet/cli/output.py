"""Everything that is printed goes through here: nothing that comes from a file steers a terminal.

Control characters of names, paths, results and errors are shown as `\\u001b`, never sent: C0 but
newline and tab, DEL, C1, bidirectional overrides, line separators and halves of characters.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook
from rich.measure import Measurement
from rich.segment import Segment

if TYPE_CHECKING:
    from semvet.records.base import Record

STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def harmless(text: str) -> str:
    """JSON stays JSON: these characters stand in its strings only, where `\\uXXXX` is theirs."""
    return STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class _Harmless:
    """A renderable whose text is harmless; styles are our own."""

    def __init__(self, inner: ConsoleRenderable):
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.inner, options):
            if segment.control:  # of the progress bar
                yield segment
            else:
                yield Segment(harmless(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self.inner)


class _Filter(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [one if _is_control(one) else _Harmless(one) for one in renderables]


def _is_control(one: ConsoleRenderable) -> bool:
    return type(one).__name__ in ("Control", "LiveRender")  # rich's own, of a bar


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        """Rich would end the process here, with a code of its own."""
        raise


def console(*, stderr: bool = False) -> Console:
    """Paths and values may hold brackets, so that there is no markup."""
    made = _Console(stderr=stderr, markup=False, highlight=False)
    made.push_render_hook(_Filter())
    return made


def write(text: str) -> None:
    """To standard output, as it is but harmless, with a newline."""
    sys.stdout.write(harmless(text) + "\n")


def write_json(one: "Record | Iterable[Record]") -> None:
    if isinstance(one, Iterable) and not hasattr(one, "model_dump_json"):
        inner = ",\n".join(record.model_dump_json(indent=2) for record in one)
        write(f"[\n{inner}\n]" if inner else "[]")
    else:
        write(one.model_dump_json(indent=2))
