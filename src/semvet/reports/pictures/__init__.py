"""Pictures of a report, one file each."""

from contextlib import chdir
from importlib.util import find_spec
from os import fspath

_matplotlib = find_spec("matplotlib")
assert _matplotlib is not None
assert _matplotlib.submodule_search_locations
with chdir(fspath(_matplotlib.submodule_search_locations[0])):
    import matplotlib  # noqa: F401  # it would read ./matplotlibrc of a stranger's folder
