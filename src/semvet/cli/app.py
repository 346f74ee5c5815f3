"""semvet run | show | certify | data. Reads words, prints tables; the work is done below."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from semvet.errors import ConfigError, SemvetError

if TYPE_CHECKING:
    from semvet.reports.standings.attacks import Standing

app = typer.Typer(
    help="Vet semantic-communication systems for backdoors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(
    help="Data sets: what there is, whether it is intact, and how to get it.", no_args_is_help=True
)
app.add_typer(data, name="data")
err = Console(stderr=True, markup=False, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print metrics.json instead of tables.")]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="For example attack=bass snr_db=5 seed=1."),
]
DataName = Annotated[
    str, typer.Argument(help="mnist, cifar10, image-folder, ... or owner/name on the hub.")
]
DataArguments = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="For example root=FOLDER.")
]


def _out() -> Console:
    return Console(markup=False, highlight=False)  # paths and values may hold brackets


@contextmanager
def _errors_without_traceback(
    stopped: str = "the same command goes on from the last checkpoint",
) -> Iterator[None]:
    try:
        yield
    except SemvetError as error:
        err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        err.print(f"stopped; {stopped}")
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
        _checked(document, overrides or [])
        from semvet import api
        from semvet.cli.live import watching
        from semvet.cli.tables import print_result
        from semvet.reports.standings.attacks import standings

        with watching(err, quiet=json_only) as watch:
            start = api.compare if "compare" in document else api.run
            done = start(document, *(overrides or []), device=device, watch=watch)
        if isinstance(done, list):
            _print_standings(standings(done), json_only=json_only)
        elif json_only:
            typer.echo(json.dumps(done.metrics, indent=2))
        else:
            print_result(_out(), done)


@app.command()
def leaderboard(
    what: Annotated[str, typer.Argument(help="attacks or defenses")],
    json_only: Json = False,
) -> None:
    """Every attack in the store, best first, or every defense against every attack it met."""
    with _errors_without_traceback():
        from semvet import api
        from semvet.config import nearest

        if what not in ("attacks", "defenses"):
            allowed = nearest(what, ["attacks", "defenses"])
            raise ConfigError(f"no leaderboard of {what!r}; {allowed}")
        if what == "attacks":
            _print_standings(api.leaderboard(), json_only=json_only)
            return
        from semvet.cli.defense_matrix import as_json, print_matrices

        found = api.defense_matrix()
        if json_only:
            typer.echo(as_json(found))
        else:
            print_matrices(_out(), found)


def _print_standings(rows: "list[Standing]", *, json_only: bool) -> None:
    from semvet.cli.standings import as_json, print_standings

    if json_only:
        typer.echo(as_json(rows))
    else:
        print_standings(_out(), rows)


def _document(name: str) -> dict[str, Any]:
    from semvet.config import read_file
    from semvet.config.presets import preset

    return read_file(name) if Path(name).suffix in (".yaml", ".yml") else preset(name)


def _checked(document: dict[str, Any], overrides: list[str]) -> None:
    """Whatever is wrong with keys and values of semvet's own, before anybody waits for torch."""
    from semvet.config import make_run
    from semvet.config.compare import expand

    for one in expand(document, overrides):
        make_run(one)


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


@app.command()
def certify(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Folder, name, id, or latest.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="For example sigma=.1 n=100000 images=50."),
    ] = None,
    json_only: Annotated[bool, typer.Option("--json", help="Print the record.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Certify the smoothed pictures of a finished run, beside the best attack on them."""
    with _errors_without_traceback("nothing half is kept; the same command starts again"):
        from semvet import api
        from semvet.cli.certificates import print_certificates
        from semvet.cli.live import watching
        from semvet.config import override

        with watching(err, quiet=json_only) as watch:
            path = api.certify(name, override({}, overrides or []), device=device, watch=watch)
        if json_only:
            typer.echo(path.read_text(), nl=False)
        else:
            print_certificates(_out(), path)


@data.command("list")
def data_list() -> None:
    """Every data set, and where it would come from now."""
    with _errors_without_traceback():
        from semvet.cli.tables import print_data

        print_data(_out())


@data.command("check")
def data_check(
    name: DataName,
    overrides: DataArguments = None,
) -> None:
    """Load a data set whole: counts, classes, sizes, fingerprint. Arguments as root=FOLDER."""
    with _errors_without_traceback():
        from semvet.cli.tables import print_data_check

        print_data_check(_out(), _data_document(name, overrides))


@data.command("fetch")
def data_fetch(name: DataName, overrides: DataArguments = None) -> None:
    """Download a data set from the hub, check every image, keep it as a local copy."""
    with _errors_without_traceback("nothing half is kept; the same command starts again"):
        from semvet.catalog.schema import make_source, resolve
        from semvet.cli.live import reporting
        from semvet.cli.tables import print_fetched

        source = make_source(resolve(_data_document(name, overrides)).data)
        with reporting(err) as report:
            fetched = source.fetch(report)
        print_fetched(_out(), name, fetched)


@data.command("build")
def data_build(
    name: Annotated[str, typer.Argument(help="imagenet5")],
    folder: Annotated[Path, typer.Option("--from", help="Your ImageNet or Tiny ImageNet.")],
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder of local copies; else the user's own.")
    ] = None,
) -> None:
    """Make a data set that may not be handed on from your own copy of its images."""
    with _errors_without_traceback("nothing half is kept; the same command starts again"):
        from semvet.cli.live import reporting
        from semvet.cli.tables import print_fetched
        from semvet.config import nearest
        from semvet.data import BUILDERS

        if name not in BUILDERS:
            raise ConfigError(f"nothing to build named {name!r}; {nearest(name, BUILDERS)}")
        with reporting(err) as report:
            made = BUILDERS[name](folder, root=str(root) if root else None, report=report)
        print_fetched(_out(), name, made)


def _data_document(name: str, overrides: list[str] | None) -> dict[str, Any]:
    from semvet.config import override

    return override({"data": {"name": name}}, [f"data.{text}" for text in overrides or []])
