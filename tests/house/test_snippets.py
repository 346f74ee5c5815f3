"""What the pages print runs, and what they tell people to type is understood."""

import re

import pytest
import torch
import typer
from safetensors.torch import save_file
from snippets import ROOT, Snippet, blocks, commands, words

from semvet import api
from semvet.attacks import Attack
from semvet.catalog import resolve
from semvet.cli.app import app
from semvet.config import override
from semvet.config.compare import expand
from semvet.config.presets import preset
from semvet.defenses import Defense
from semvet.pipeline.certify import make_certifying
from semvet.testing import check_attack, check_defense

PYTHON = blocks(("python",))
COMMANDS = sorted(set(commands()), key=str)
CODEC = next(block for block in PYTHON if "make_codec" in block.text)
QUICK = (
    "data.source=sample", "training.epochs=1", "training.images=300", "evaluation.images=20",
    "evaluation.draws=1", "evaluation.defended_images=10", "evaluation.studies=[]",
)  # fmt: skip
PLACEHOLDER = re.compile(r"\.\.\.|\b[A-Z]{3,}\b|\[[A-Z]")  # `semvet run NAME`
NAME = re.compile(r"semvet (data )?[a-z]+")  # a command is mentioned


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The reader's folder: the codec of docs/systems/external.md and weights for it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_codec.py").write_text(CODEC.text)
    save_file({"weight": torch.zeros(1)}, tmp_path / "my.safetensors")
    return tmp_path


def quickly(run, monkeypatch):
    """Runs of a snippet are what they are, with fewer images and steps."""

    def started(what, *overrides, **options):
        asked = what.document() if hasattr(what, "document") else what
        return run(asked, *overrides, *QUICK, **options)

    monkeypatch.setattr(api, "run", started)


def executed(snippet: Snippet) -> dict:
    namespace = {"__name__": "snippet"}
    exec(compile(snippet.text, str(snippet), "exec"), namespace)
    return namespace


def test_few_blocks_are_left_out():
    left_out = [block for block in PYTHON if block.reason]
    assert len(left_out) <= 2
    assert len(PYTHON) - len(left_out) >= 5


@pytest.mark.parametrize("snippet", [one for one in PYTHON if not one.reason], ids=str)
def test_python_runs_as_printed(snippet, folder, monkeypatch):
    quickly(api.run, monkeypatch)
    made = [one for one in executed(snippet).values() if isinstance(one, type)]
    own = [one for one in made if one.__module__ == "snippet"]
    for plug_in in own:
        if issubclass(plug_in, Attack):
            check_attack(plug_in)
        elif issubclass(plug_in, Defense):
            check_defense(plug_in)


def parsed(command: str) -> tuple[str, dict]:
    """The command's name and what typer makes of the rest. Raises its UsageError."""
    rest = words(command)
    here = typer.main.get_command(app)
    path: list[str] = []
    while hasattr(here, "commands") and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        assert name in here.commands, f"no command {' '.join([*path, name])!r}"
        here = here.commands[name]
        path.append(name)
    if "--help" in rest:
        return " ".join(path), {}
    return " ".join(path), here.make_context(path[-1] if path else "semvet", rest).params


def is_whole(command: Snippet) -> bool:
    said = command.text.partition("#")[0].strip()
    return not PLACEHOLDER.search(said) and not NAME.fullmatch(said)


def understand(name: str, given: dict) -> None:
    """Keys and values through the same schema as the command itself. Raises SemvetError."""
    overrides = list(given.get("overrides") or [])
    match name:
        case "run":
            own = given["name"].endswith((".yaml", ".yml"))
            for document in expand({} if own else preset(given["name"]), overrides):
                resolve(document)
        case "certify":
            make_certifying(override({}, overrides))
        case "list":
            api.describe(*(word for word in (given["family"], given["name"]) if word))
        case "leaderboard":
            assert given["what"] in ("attacks", "defenses")
        case "data check" | "data fetch":
            arguments = [f"data.{one}" for one in overrides]
            resolve(override({"data": given["name"]}, arguments))


def test_commands_are_found():
    assert len(COMMANDS) > 60
    assert {parsed(one.text)[0] for one in COMMANDS if is_whole(one)} >= {
        "run", "show", "certify", "leaderboard", "data check", "data fetch",
    }  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one} {one.text}"[:100])
def test_a_command_line_is_understood(command, folder):
    if is_whole(command):
        understand(*parsed(command.text))
        return
    here = typer.main.get_command(app)
    for name in re.match(r"semvet((?: [a-z]+)*)", command.text)[1].split():
        here = getattr(here, "commands", {name: here})[name]


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("semvet rnu quickstart", "no command 'rnu'"),
        ("semvet run quickstart --jsno", "No such option: --jsno"),
        ("semvet run quickstart attack.poisonratio=.1", "attack.poisonratio"),
        ("semvet run quickstrat", "quickstrat"),
        ("semvet certify latest sgima=.1", "sgima"),
        ("semvet data check image-folder rot=photos", "rot"),
    ],
)
def test_a_mistake_in_a_command_line_would_be_seen(command, error, folder):
    with pytest.raises(Exception, match=error):
        understand(*parsed(command))


def test_the_codec_of_the_page_is_the_one_that_is_run():
    assert CODEC.page == ROOT / "docs" / "systems" / "external.md"
