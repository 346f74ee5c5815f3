"""semvet run | show | data. Reads words, prints tables; all work is done below this layer."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.text import Text

from semvet.errors import ConfigError, SemvetError

app = typer.Typer(
    help="Vet semantic-communication systems for backdoors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(help="Data sets: what there is, and whether it is intact.", no_args_is_help=True)
app.add_typer(data, name="data")
err = Console(stderr=True, markup=False, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print metrics.json instead of tables.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="For example attack=bass snr_db=5 seed=1."),
]


def _out() -> Console:
    return Console(markup=False, highlight=False)  # paths and values may hold brackets


@contextmanager
def _errors_without_traceback() -> Iterator[None]:
    try:
        yield
    except SemvetError as error:
        err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        err.print("stopped; the same command goes on from the last checkpoint")
        raise typer.Exit(130) from None


def _version(asked: bool) -> bool:
    if asked:
        typer.echo(f"semvet {version('semvet')}")
        raise typer.Exit
    return asked


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="A named run such as quickstart, or a YAML file.")],
    overrides: Overrides = None,
    json_only: Json = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Poison, train, attack, defend, report. Finished runs return at once, killed ones resume."""
    with _errors_without_traceback():
        document = _document(name)
        from semvet import api
        from semvet.cli.live import watching
        from semvet.cli.tables import print_result

        with watching(err, quiet=json_only) as watch:
            folder = api.run(document, *(overrides or []), device=device, watch=watch)
        if json_only:
            typer.echo(json.dumps(folder.metrics, indent=2))
        else:
            print_result(_out(), folder)


def _document(name: str) -> dict[str, Any]:
    from semvet.presets import preset

    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        return preset(name)
    if not path.is_file():
        raise ConfigError(f"{name}: no such file")
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not YAML: {error}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: expected keys such as data, system, attack at the top level")
    return document


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Folder, name, id, or latest.")],
    json_only: Json = False,
) -> None:
    """Print a run from the store, and check that its weights are the recorded ones."""
    with _errors_without_traceback():
        from semvet.cli.tables import print_result
        from semvet.store import default_store

        folder = default_store().find(name)
        metrics = folder.metrics
        folder.weights()
        if json_only:
            typer.echo(json.dumps(metrics, indent=2))
        else:
            print_result(_out(), folder)


@data.command("list")
def data_list() -> None:
    """Every data set, and where it would come from now."""
    with _errors_without_traceback():
        from semvet.cli.tables import print_data

        print_data(_out())


@data.command("check")
def data_check(
    name: Annotated[str, typer.Argument(help="mnist, fashion_mnist, image-folder, ...")],
    overrides: Overrides = None,
) -> None:
    """Load a data set whole: counts, classes, sizes, fingerprint. Arguments as root=FOLDER."""
    with _errors_without_traceback():
        from semvet.cli.tables import print_data_check
        from semvet.config import override

        document = override({"data": {"name": name}}, [f"data.{text}" for text in overrides or []])
        print_data_check(_out(), document)
