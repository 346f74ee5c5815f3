"""Reports: pictures and one HTML file from a run's folder. Reads the store, computes no result."""

from contextlib import chdir
from importlib.util import find_spec
from os import fspath

_matplotlib = find_spec("matplotlib")
assert _matplotlib is not None
assert _matplotlib.submodule_search_locations
with chdir(fspath(_matplotlib.submodule_search_locations[0])):
    import matplotlib  # noqa: F401  # it would read ./matplotlibrc of a stranger's folder

from semvet.reports.pictures.certified_psnr import write_certified_psnr  # noqa: E402
from semvet.reports.report import write_report  # noqa: E402

__all__ = ["write_certified_psnr", "write_report"]
