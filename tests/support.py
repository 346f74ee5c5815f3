"""Small runs, the command line in this process, and Python in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from pyarrow import parquet
from typer.testing import CliRunner

from semvet.cli.app import app

SOURCE = Path(__file__).parents[1] / "src"


def digits(folder: Path, count: int = 500) -> Path:
    """The sample's first digits as PNG files, one subfolder a class."""
    table = parquet.read_table(SOURCE / "semvet/data/samples/mnist-train.parquet")[:count]
    for i, row in enumerate(table.to_pylist()):
        path = folder / str(row["label"]) / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row["image"]["bytes"])
    return folder


def tiny_run(root: Path, **changes: Any) -> dict[str, Any]:
    """A run of a second on a folder of `digits`, reduced; it learns next to nothing."""
    return {
        "data": {"name": "image-folder", "root": str(root), "size": 16},
        "system": {"name": "jscc", "width": 4},
        "training": {"epochs": 2, "batch": 32},
        "evaluation": {
            "images": 40, "draws": 1, "defended_images": 10, "study_images": 10, "alpha": 0.1,
        },
        **changes,
    }  # fmt: skip


def tiny_sembugger(**changes: Any) -> dict[str, Any]:
    return {"name": "sembugger", "levels": 2, "generator_widths": [2, 4], **changes}


def python(*arguments: str, **options: Any) -> subprocess.CompletedProcess:
    """`python ARGUMENTS` with this checkout's semvet; options as for subprocess.run."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, **options
    )


def semvet(*arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `semvet ARGUMENTS` in this process."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if not isinstance(done.exception, SystemExit | None):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def refused(*arguments: object) -> str:
    """The error of a command that must end in one, without a traceback."""
    status, out, err = semvet(*arguments)
    assert (status, out) == (2, ""), err
    assert "Traceback" not in err
    assert re.search("^error: ", err, re.MULTILINE)
    return err
