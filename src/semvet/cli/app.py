"""semvet run | show | certify | data. Reads words, prints tables; the work is done below."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from semvet.cli.guard import DEBUG, Guarded, err, stopped
from semvet.cli.output import console, write, write_json
from semvet.errors import ConfigError

if TYPE_CHECKING:
    from semvet.api import Result
    from semvet.records.standings import Standing

app = typer.Typer(
    cls=Guarded,
    help="Vet semantic-communication systems for backdoors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
data = typer.Typer(
    help="Data sets: what there is, whether it is intact, and how to get it.", no_args_is_help=True
)
app.add_typer(data, name="data")

Json = Annotated[bool, typer.Option("--json", help="Print the record instead of tables.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress; of a result, only where it is.")
]
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
    return console()


@contextmanager
def _says_how_to_go_on(sentence: str) -> Iterator[None]:
    """After Ctrl-C, SIGTERM and the like. All else that may end a command is in `guard`."""
    try:
        yield
    except KeyboardInterrupt as end:
        raise typer.Exit(stopped(f"stopped; {sentence}", end)) from None


CHECKPOINT = "the same command goes on from the last checkpoint"
AGAIN = "nothing half is kept; the same command starts again"


def _version(asked: bool) -> bool:
    if asked:
        write(f"semvet {version('semvet')}")
        raise typer.Exit
    return asked


def _debug(asked: bool) -> bool:
    if asked:
        os.environ[DEBUG] = "1"
    return asked


@app.callback()
def main(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", callback=_debug, help="Show the traceback of a bug.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="A named run such as quickstart, or a YAML file.")],
    overrides: Overrides = None,
    json_only: Json = False,
    quiet: Quiet = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Poison, train, attack, defend, report. Finished runs return at once, killed ones resume."""
    with _says_how_to_go_on(CHECKPOINT):
        document = _document(name)
        _checked(document, overrides or [])
        from semvet import api
        from semvet.cli.live import watching

        words = overrides or []
        with watching(err, quiet=quiet or json_only) as watch:
            if "compare" in document:
                every = api.compare(document, *words, device=device, watch=watch)
            else:
                every = [api.run(document, *words, device=device, watch=watch)]
        if "compare" in document:
            _print_standings(api.standings_of(every), json_only=json_only)
        else:
            _print_result(every[0], json_only=json_only, quiet=quiet)


def _print_result(
    result: "Result", *, json_only: bool, quiet: bool = False, full: bool = False
) -> None:
    if json_only:
        write_json(result.record)
    elif quiet:
        write(str(result.report))
    else:
        from semvet.cli.tables import print_result

        print_result(_out(), result, full=full)


@app.command()
def leaderboard(
    what: Annotated[str, typer.Argument(help="attacks or defenses")],
    json_only: Json = False,
) -> None:
    """Every attack in the store, best first, or every defense against every attack it met."""
    from semvet import api
    from semvet.config import nearest

    if what not in ("attacks", "defenses"):
        allowed = nearest(what, ["attacks", "defenses"])
        raise ConfigError(f"no leaderboard of {what!r}; {allowed}")
    if what == "attacks":
        _print_standings(api.leaderboard(skipped=_skipped), json_only=json_only)
        return
    from semvet.cli.defense_matrix import print_matrices

    found = api.defense_matrix(skipped=_skipped)
    if json_only:
        write_json(found)
    else:
        print_matrices(_out(), found)


def _skipped(sentence: str) -> None:
    err.print(f"skipped: {sentence}", soft_wrap=True)


def _print_standings(rows: "list[Standing]", *, json_only: bool) -> None:
    if json_only:
        write_json(rows)
    else:
        from semvet.cli.standings import print_standings

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


@app.command("list")
def list_(
    family: Annotated[
        str,
        typer.Argument(help="attacks, defenses, systems, channels, datasets or presets"),
    ],
    name: Annotated[str | None, typer.Argument(help="One of them, with its arguments.")] = None,
    json_only: Annotated[bool, typer.Option("--json", help="Print records.")] = False,
) -> None:
    """What there is: names, arguments with their ranges and defaults, a line on each."""
    from semvet import api
    from semvet.cli.listing import print_all, print_one

    if name is not None:
        one = api.describe(family, name)
        write_json(one) if json_only else print_one(_out(), one)
        return
    found = api.describe(family)
    write_json(found) if json_only else print_all(_out(), family, found)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Folder, name, id, or latest.")],
    json_only: Json = False,
    full: Annotated[bool, typer.Option("--full", help="Every table.")] = False,
) -> None:
    """Print a run from the store, and check that its weights are the recorded ones."""
    from semvet import api

    result = api.load(name)
    api.check_weights(result)
    _print_result(result, json_only=json_only, full=full)


@app.command()
def certify(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Folder, name, id, or latest.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="For example sigma=.1 n=100000 images=50."),
    ] = None,
    json_only: Annotated[bool, typer.Option("--json", help="Print the record.")] = False,
    quiet: Quiet = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Certify the smoothed pictures of a finished run, beside the best attack on them."""
    with _says_how_to_go_on(AGAIN):
        from semvet import api
        from semvet.cli.certificates import print_certificates
        from semvet.cli.live import watching
        from semvet.config import override

        with watching(err, quiet=quiet or json_only) as watch:
            path = api.certify(name, override({}, overrides or []), device=device, watch=watch)
        record = api.load_certificate(path)
        if json_only:
            write_json(record)
        elif quiet:
            write(str(path))
        else:
            print_certificates(_out(), record, path)


@data.command("list")
def data_list() -> None:
    """Every data set, and where it would come from now."""
    from semvet import api
    from semvet.cli.data import print_data

    print_data(_out(), api.data_sets())


@data.command("check")
def data_check(
    name: DataName,
    overrides: DataArguments = None,
) -> None:
    """Load a data set whole: counts, classes, sizes, fingerprint. Arguments as root=FOLDER."""
    from semvet import api
    from semvet.cli.data import print_data_check

    print_data_check(_out(), api.check_data(name, *(overrides or [])))


@data.command("fetch")
def data_fetch(name: DataName, overrides: DataArguments = None, quiet: Quiet = False) -> None:
    """Download a data set from the hub, check every image, keep it as a local copy."""
    with _says_how_to_go_on(AGAIN):
        from semvet import api
        from semvet.cli.data import print_fetched
        from semvet.cli.live import reporting

        with reporting(err, quiet=quiet) as report:
            fetched = api.fetch_data(name, *(overrides or []), report=report)
        print_fetched(_out(), name, fetched)


@data.command("build")
def data_build(
    name: Annotated[str, typer.Argument(help="imagenet5")],
    folder: Annotated[Path, typer.Option("--from", help="Your ImageNet or Tiny ImageNet.")],
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder of local copies; else the user's own.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make a data set that may not be handed on from your own copy of its images."""
    with _says_how_to_go_on(AGAIN):
        from semvet import api
        from semvet.cli.data import print_fetched
        from semvet.cli.live import reporting

        with reporting(err, quiet=quiet) as report:
            made = api.build_data(name, folder, root=root, report=report)
        print_fetched(_out(), name, made)
