"""Whoever vets a stranger's codec starts semvet in the stranger's folder: nothing there may run."""

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from support import SOURCE, digits, tiny_run, tiny_sembugger

from semvet.cli.app import app, data

TRAP = "import os\nopen(os.environ['SEMVET_TRAPPED'], 'a').write({name!r} + ' ')\n"
OPTIONAL = """
    Bio _winapi backports bottleneck brotli brotlicffi charset_normalizer colorama cuda cython
    duckdb faiss flint gmpy gmpy2 h2 hypothesis isal jax lz4 msvcrt nibabel nt numexpr olefile onnx
    onnxruntime opt_einsum pdfplumber polars psutil py7zr pydot pynvml pytz rarfile scikits snappy
    sniffio socksio sqlalchemy tabulate tensorflow tensorrt torchcodec torchcomms torchdistx
    torchvision tree triton trio typeguard uarray usercustomize sitecustomize xarray zstandard
"""  # what Python, torch and our libraries try to import and do without
ENTRY_POINTS = "".join(
    f"[semvet.{group}]\nevil = stranger:Evil\n"
    for group in ("attacks", "channels", "datasets", "defenses", "systems")
)
STARTED = {
    "script": [str(Path(sys.executable).with_name("semvet"))],
    "module": [sys.executable, "-m", "semvet"],
    "safe module": [sys.executable, "-P", "-m", "semvet"],
}
RUNPY = """
    _collections _functools _operator collections contextlib functools importlib itertools keyword
    operator reprlib runpy types warnings
"""  # what `python -m` itself imports before semvet has a say; with -P it does so safely
COMMANDS = {
    "run": "run tiny.yaml",
    "show": "show latest",
    "certify": "certify latest images=1 n=100 n0=60 attack_images=1 attack_steps=1",
    "leaderboard": "leaderboard defenses",
    "list": "list attacks bass",
    "data list": "data list",
    "data check": "data check mnist source=sample",
    "data fetch": "data fetch mnist",
    "data build": "data build imagenet5 --from .",
}
MAY_FAIL = {"data fetch", "data build"}  # there is no network, and no ImageNet in that folder


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """A folder full of traps: modules of every name, entry points, a matplotlibrc."""
    folder = tmp_path_factory.mktemp("strangers")
    names = {*sys.stdlib_module_names, *packages_distributions(), *OPTIONAL.split(), "stranger"}
    for name in names - {"semvet"}:
        (folder / f"{name}.py").write_text(TRAP.format(name=name))
    info = folder / "evil-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    os.mkfifo(folder / "matplotlibrc")  # whoever reads it waits for ever
    run = tiny_run(
        digits(tmp_path_factory.mktemp("images")), attack=tiny_sembugger(),
        defense=[{"name": "split-training", "parties": 2}, "output-covariance", "jpeg"],
    )  # fmt: skip
    (folder / "tiny.yaml").write_text(yaml.safe_dump(run))
    return folder


def started(folder: Path, how: str, words: str) -> tuple[int, str, str]:
    """Exit status, whatever was printed, and the traps that were walked into."""
    trapped = folder / "trapped.txt"
    trapped.unlink(missing_ok=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MALLOC"))}
    environment |= {"SEMVET_TRAPPED": str(trapped), "SEMVET_RUNS": str(folder / "runs")}
    done = subprocess.run(
        [*STARTED[how], *words.split()], cwd=folder, env=environment, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    found = trapped.read_text() if trapped.exists() else ""
    return done.returncode, done.stdout + done.stderr, found


def test_every_command_is_tried():
    single = {one.name or one.callback.__name__ for one in app.registered_commands}
    of_data = {f"data {command.name}" for command in data.registered_commands}
    assert set(COMMANDS) == single | of_data


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_anything_of_the_folder(strangers, command):
    status, said, trapped = started(strangers, "script", COMMANDS[command])
    assert trapped == ""
    assert status == 0 or command in MAY_FAIL, said
    assert "Traceback" not in said


@pytest.mark.parametrize("how", ["safe module", "module"])
def test_nor_does_semvet_as_a_module(strangers, how):
    if how == "module":
        for name in RUNPY.split():
            (strangers / f"{name}.py").unlink(missing_ok=True)
    status, said, trapped = started(strangers, how, "data list")
    assert (status, trapped) == (0, ""), said
    assert "evil" not in said


def test_of_the_folder_only_the_codec_that_was_asked_for_is_imported(strangers):
    codec = (SOURCE.parent / "tests" / "fixtures" / "users_codecs.py").read_text()
    (strangers / "their_codec.py").write_text(codec)
    system = "system=external system.target=their_codec:Real training.epochs=0 defense=none"
    status, said, trapped = started(strangers, "script", f"run tiny.yaml {system} attack=none")
    assert (status, trapped) == (0, ""), said


def test_a_module_beside_the_codec_is_not_imported_and_the_error_says_so(strangers):
    (strangers / "needs_more.py").write_text("import stranger\n")
    words = "run tiny.yaml system=external system.target=needs_more:Codec"
    status, said, trapped = started(strangers, "script", words)
    assert (status, trapped) == (2, "")
    assert "No module named 'stranger'" in said
    assert "only the codec's own module or package is imported" in said
