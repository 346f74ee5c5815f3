import os
import tracemalloc
from pathlib import Path

import pytest
from odd_files import ODD_FILES, sparse

from semvet.boundary import open_regular, read_regular, read_whole


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal(path, limit=100):
    with pytest.raises(OSError, match=r"\w") as caught:
        read_regular(path, limit=limit)
    return caught.value.strerror


def test_a_file_is_read_up_to_the_limit(tmp_path):
    path = tmp_path / "x"
    for content in (b"", b"some bytes", bytes(100)):
        path.write_bytes(content)
        assert read_regular(path, limit=100) == content


def test_a_link_to_a_file_is_read(tmp_path):
    (tmp_path / "x").write_bytes(b"some bytes")
    (tmp_path / "link").symlink_to(tmp_path / "x")
    assert read_regular(tmp_path / "link", limit=100) == b"some bytes"


@pytest.mark.parametrize("kind", ODD_FILES)
def test_what_is_no_file_is_refused_unopened(tmp_path, kind):
    make, words = ODD_FILES[kind]
    make(tmp_path / "x")
    assert refusal(tmp_path / "x") == words


def test_a_file_above_the_limit_is_refused_unread(tmp_path):
    path = sparse(tmp_path / "x", 9 * 2**30)
    tracemalloc.start()
    assert refusal(path, 8 * 2**30) == "it holds 9 GiB, at most 8 GiB are read"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_file_that_is_longer_than_it_says_is_refused():
    """As those of /proc are."""
    assert refusal(Path("/proc/self/status")).startswith("it is longer or shorter than")


def test_a_file_that_shrinks_meanwhile_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(bytes(50))
    with open_regular(tmp_path / "x", limit=100) as (file, size):
        os.truncate(tmp_path / "x", 20)
        with pytest.raises(OSError, match="longer or shorter"):
            read_whole(file, size)


def test_a_name_with_a_nul_is_refused():
    assert refusal(Path("a\0b")) == "its name holds a NUL character"


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "x", limit=100)
