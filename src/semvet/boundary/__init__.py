"""Files that may be a stranger's: looked at before they are opened, checked before use."""

from semvet.boundary.regular import open_regular, read_regular, read_whole
from semvet.boundary.words import shown

__all__ = ["open_regular", "read_regular", "read_whole", "shown"]
