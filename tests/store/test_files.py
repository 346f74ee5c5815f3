import json
import os
import socket
import stat
import threading

import pytest
from pydantic import Field, JsonValue
from support import python

from semvet.errors import Missing, StoreError
from semvet.records import Record
from semvet.store.files import (
    JSON_BYTES,
    YAML_BYTES,
    append_line,
    opened,
    read_bytes,
    read_json,
    read_model,
    read_yaml,
    remove_unfinished,
    write_bytes,
    write_json,
    write_model,
)


def test_what_is_written_is_read_back(tmp_path):
    write_json(tmp_path / "a.json", {"a": [1, None, "ö"]})
    assert read_json(tmp_path / "a.json") == {"a": [1, None, "ö"]}


def test_others_may_read_a_result(tmp_path):
    write_bytes(tmp_path / "a", b"x")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_reader_never_sees_half_a_file(tmp_path):
    path, contents = tmp_path / "a", (b"a" * 2_000_000, b"b" * 2_000_000)
    write_bytes(path, contents[0])
    done = threading.Event()

    def write():
        for i in range(1, 40):
            write_bytes(path, contents[i % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        found = read_bytes(path)
        assert found in contents
        seen.add(found[:1])
    writer.join()
    assert seen == {b"a", b"b"}


def test_a_failing_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken" / "folder").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"taken: cannot be written"):
        write_bytes(tmp_path / "taken", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_full_disk_is_named_and_leaves_the_old_file_whole(tmp_path):
    old = b"old" * 1000
    write_bytes(tmp_path / "a", old)
    script = f"""
import resource
from pathlib import Path
from semvet.errors import StoreError
from semvet.store import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
try:
    write_bytes(Path({str(tmp_path / "a")!r}), b"new" * 10_000)
except StoreError as error:
    print(error)
"""
    said = python("-c", script, check=True).stdout
    assert f"{tmp_path / 'a'}: the disk is full; finished runs are safe" in said
    assert "SEMVET_RUNS" in said
    assert read_bytes(tmp_path / "a") == old
    assert os.listdir(tmp_path) == ["a"]


WRITERS = [lambda path: write_bytes(path, b"x"), lambda path: append_line(path, {})]


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path, write):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/runs/a: cannot be written .*set SEMVET_RUNS"):
        write(tmp_path / "file" / "runs" / "a")


@pytest.mark.parametrize("write", WRITERS)
def test_a_folder_that_vanished_is_not_made_again_behind_its_owners_back(tmp_path, write):
    message = r"gone/a: cannot be written, its folder is gone .*start the same command again"
    with pytest.raises(StoreError, match=message):
        write(tmp_path / "gone" / "a")
    assert os.listdir(tmp_path) == []


def test_a_number_that_is_none_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", ['{"a": 1', "", "[1]", "\x00"])
def test_a_damaged_json_or_yaml_file_is_named_with_the_way_out(tmp_path, content):
    path = tmp_path / "a"
    path.write_text(content)
    for read in (read_json, read_yaml):
        with pytest.raises(
            Missing, match=r"/a(, line \d+)?: .*delete its folder and start the run again"
        ):
            read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Missing, match=r"gone\.json: no such file"):
        read_json(tmp_path / "gone.json")
    with pytest.raises(Missing, match=r"gone\.json: no such file"):
        read_json(tmp_path / "gone" / "gone.json")


def test_a_log_grows_by_one_line_each_time(tmp_path):
    for i in range(3):
        append_line(tmp_path / "log.jsonl", {"i": i})
    assert (tmp_path / "log.jsonl").read_text() == '{"i": 0}\n{"i": 1}\n{"i": 2}\n'


def test_what_killed_writers_left_is_removed_pictures_too(tmp_path):
    (tmp_path / "pictures").mkdir()
    kept = [tmp_path / "a.part", tmp_path / ".hidden", tmp_path / "pictures" / "a.png"]
    litter = [tmp_path / ".a.json.x7.part", tmp_path / "pictures" / ".a.png.x7.part"]
    for path in kept + litter:
        path.touch()
    remove_unfinished(tmp_path)
    assert [path.exists() for path in kept + litter] == [True, True, True, False, False]


@pytest.fixture
def store(tmp_path):
    """A store with a run's folder, and a file beside the store."""
    (tmp_path / "store" / "run").mkdir(parents=True)
    (tmp_path / "store" / "other").mkdir()
    (tmp_path / "outside.json").write_text("{}")
    (tmp_path / "store" / "other" / "a.json").write_text("{}")
    return tmp_path / "store"


def _socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))  # a socket's path is short


STRANGE = {
    "pipe": (os.mkfifo, "a pipe, not a file"),
    "folder": (os.mkdir, "a folder, not a file"),
    "socket": (_socket, "a socket, not a file"),
    "link to /dev/zero": (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
    "link to a file outside": (
        lambda path: path.symlink_to("../../outside.json"),
        "a link to .*outside.json, which is outside the store",
    ),
    "link to a pipe": (
        lambda path: (os.mkfifo(path.parent / "pipe"), path.symlink_to("pipe")),
        "a pipe, not a file",
    ),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "no such file"),
    "link to itself": (lambda path: path.symlink_to(path.name), "cannot be read|no such file"),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_only_regular_files_of_the_store_are_read(store, kind, monkeypatch):
    monkeypatch.chdir(store)
    make, why = STRANGE[kind]
    path = store / "run" / "a.json"
    make(path)
    for read in (read_json, read_yaml, read_bytes):
        with pytest.raises(StoreError, match=rf"run/a\.json: ({why})"):
            read(path)


def test_a_link_to_another_file_of_the_store_is_followed(store):
    (store / "run" / "a.json").symlink_to(store / "other" / "a.json")
    assert read_json(store / "run" / "a.json") == {}


def test_a_store_that_is_reached_by_a_link_is_read(store, tmp_path):
    (tmp_path / "link").symlink_to(store)
    assert read_json(tmp_path / "link" / "other" / "a.json") == {}


@pytest.mark.parametrize(("read", "most"), [(read_json, JSON_BYTES), (read_yaml, YAML_BYTES)])
def test_a_file_that_is_too_large_is_not_read(tmp_path, read, most):
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.truncate(most + 1)  # sparse: takes no room
    with pytest.raises(StoreError, match=rf"larger than the {most:,} bytes"):
        read(path)


def test_a_file_that_grows_while_it_is_read_is_not_read_beyond_its_limit(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 10)
    with opened(tmp_path / "a", most=10) as file:
        (tmp_path / "a").write_bytes(b"x" * 1000)
        assert len(file.read(10)) == 10


class Point(Record):
    x: float
    tags: tuple[str, ...] = ()
    more: dict[str, JsonValue] = Field(default_factory=dict)


def test_a_record_is_read_back_as_it_was(tmp_path):
    point = Point(x=0.1 + 0.2, tags=("a", "ö"), more={"n": [1, None, {"y": 2.5}]})
    write_model(tmp_path / "a.json", point)
    assert read_model(tmp_path / "a.json", Point) == point


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({}, "x: field required"),
        ({"x": "far"}, "x: input should be a valid number"),
        ({"x": 1, "y": 2}, "y: extra inputs are not permitted"),
        ({"x": 1, "tags": [1, 2, 3, 4, 5]}, r"tags\.0: .*; tags\.1: .*; tags\.2: .*; and 2 more"),
        ({"x": 1, "\x1b[2J": 2}, r"'\\x1b\[2J': extra inputs"),
        ({"x": 1, "k" * 10**5: 2}, f"'{'k' * 80}': extra inputs"),
    ],
)
def test_a_record_that_is_not_one_says_where(tmp_path, content, why):
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(Missing, match=rf"a\.json: {why}.*; delete its folder"):
        read_model(tmp_path / "a.json", Point)


@pytest.mark.parametrize("content", ['{"x": NaN}', '{"x": 1, "x": 2}', '{"x": 1e999}', '{"x": 1'])
def test_a_record_is_read_as_strictly_as_any_json(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(Missing, match=r"a\.json: .*; delete its folder"):
        read_model(tmp_path / "a.json", Point)


def test_a_record_with_a_number_that_is_none_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_model(tmp_path / "a.json", Point.model_construct(x=float("nan"), tags=(), more={}))
    assert os.listdir(tmp_path) == []
