"""Nothing that comes from a file, a path or a word steers the terminal."""

import json
import unicodedata

import pytest
from made_runs import made_record, made_run, written
from support import semvet

from semvet.cli.output import console, harmless
from semvet.cli.tables import make_table

CLEAR, CLIPBOARD, TITLE = "\x1b[2J\x1b[H", "\x1b]52;c;ZXZpbA==\x07", "\x1b]0;owned\x07"
EVIL = f"{CLEAR}{CLIPBOARD}{TITLE}\x9b31m\r0.000\b\x7f\u202e\u2066gpj\u2028"


def steers(text: str) -> list[str]:
    """Characters that a terminal acts upon."""
    plain = "\n\t"
    return [
        c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c not in plain
    ]


def test_control_characters_are_shown():
    assert harmless("a\x1b[2Jb\tc\n\u202ed") == "a\\u001b[2Jb\tc\n\\u202ed"
    assert steers(harmless(EVIL)) == []


def test_ordinary_text_is_left_alone():
    text = "Überblick: 3 → 0.97, größer, 日本語 [red]x[/]"
    assert harmless(text) == text


def test_halves_of_characters_can_be_printed():
    harmless("bad-\udcff").encode()


@pytest.mark.parametrize("how", ["text", "table", "caption"])
def test_whatever_rich_prints_is_harmless(capsys, how):
    table = make_table("name", EVIL)
    table.add_row(EVIL, EVIL)
    table.caption = EVIL
    console().print(EVIL if how == "text" else table)
    assert steers(capsys.readouterr().out) == []


def evil_record():
    """Escapes wherever a record may hold text that is printed."""
    record = made_record(levels=1, defenses=1, attack="bass")
    provenance = record.provenance.model_copy(update={"data": EVIL, "semvet": EVIL})
    defense = record.defenses[-1].model_copy(update={"name": EVIL, "args": {EVIL: EVIL}})
    studies = tuple(one.model_copy(update={"headline": EVIL}) for one in record.studies)
    words = record.attack.goal.words.model_copy(update={"aim": EVIL, "has_image": False})
    goal = record.attack.goal.model_copy(update={"words": words})
    attack = record.attack.model_copy(update={"goal": goal})
    return record.model_copy(
        update={
            "attack": attack,
            "provenance": provenance,
            "defenses": (record.defenses[0], defense),
            "studies": studies,
        }
    )


def texts(value) -> list[str]:
    """All that stands in a JSON value."""
    if isinstance(value, dict):
        return [text for one in (*value, *value.values()) for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    "words",
    [
        ("show", "{folder}"),
        ("show", "{folder}", "--full"),
        ("show", "{folder}", "--json"),
        ("leaderboard", "attacks"),
        ("leaderboard", "defenses"),
        ("leaderboard", "attacks", "--json"),
    ],
    ids=" ".join,
)
def test_a_strangers_run_is_printed_harmlessly(tmp_path, monkeypatch, words):
    monkeypatch.setenv("SEMVET_RUNS", str(tmp_path))
    folder = written(tmp_path, evil_record())
    status, out, err = semvet(*(word.format(folder=folder.path) for word in words))
    assert status == 0, err
    assert steers(out + err) == []
    if words[-1] == "--json":
        assert EVIL in texts(json.loads(out))  # a program gets what was in the file


@pytest.mark.parametrize(
    "words",
    [
        ("run", "quickstart", f"{EVIL}=1"),
        ("run", f"{EVIL}.yaml"),
        ("run", EVIL),
        ("show", EVIL),
        ("leaderboard", EVIL),
        ("data", "check", "image-folder", f"root=/nowhere/{EVIL.replace(chr(10), '')}"),
        ("data", "check", EVIL),
        (EVIL,),
        ("show", "latest", f"--{EVIL}"),
    ],
    ids=range(9),
)
def test_errors_are_harmless(words):
    status, out, err = semvet(*words)
    assert status == 2
    assert steers(out + err) == []
    assert "error: " in err


def test_a_folder_that_is_skipped_is_named_harmlessly(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMVET_RUNS", str(tmp_path))
    made = made_run(tmp_path, attack="bass", levels=1, defenses=0)
    bad = tmp_path / "\x1b[2J-0123456789ab"
    made.path.rename(bad)
    (bad / "metrics.json").write_text("{")
    status, out, err = semvet("leaderboard", "attacks")
    assert status == 0
    assert "\\u001b[2J" in err
    assert steers(out + err) == []
