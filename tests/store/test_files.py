import os
import stat
import threading

import pytest
from support import python

from semvet.errors import StoreError
from semvet.store.files import (
    append_line,
    read_bytes,
    read_json,
    read_yaml,
    write_bytes,
    write_json,
)


def test_what_is_written_is_read_back(tmp_path):
    write_json(tmp_path / "new" / "folder" / "a.json", {"a": [1, None, "ö"]})
    assert read_json(tmp_path / "new" / "folder" / "a.json") == {"a": [1, None, "ö"]}


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


@pytest.mark.parametrize(
    "write", [lambda path: write_bytes(path, b"x"), lambda path: append_line(path, {})]
)
def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path, write):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/runs/a: cannot be written .*set SEMVET_RUNS"):
        write(tmp_path / "file" / "runs" / "a")


def test_a_number_that_is_none_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("content", ['{"a": 1', "", "[1]", "\x00"])
def test_a_damaged_json_or_yaml_file_is_named_with_the_way_out(tmp_path, content):
    path = tmp_path / "a"
    path.write_text(content)
    for read in (read_json, read_yaml):
        with pytest.raises(StoreError, match=r"/a: truncated or not \w+; delete its folder"):
            read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"gone\.json: no such file"):
        read_json(tmp_path / "gone.json")


def test_a_log_grows_by_one_line_each_time(tmp_path):
    for i in range(3):
        append_line(tmp_path / "log.jsonl", {"i": i})
    assert (tmp_path / "log.jsonl").read_text() == '{"i": 0}\n{"i": 1}\n{"i": 2}\n'
