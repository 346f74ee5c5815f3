"""Finding the codec, and the record of a run that holds its fingerprint."""

import hashlib
import sys
from pathlib import Path

import pytest
import users_codecs
from own_codecs import GREY, document, external, saved

from semvet.catalog import make_system, resolve
from semvet.config import Spec, content_id
from semvet.errors import ConfigError
from semvet.systems import External
from semvet.systems.foreign import codec as codecs


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("users_codecs", r"'users_codecs'; expected package\.module:function"),
        ("users_codecs:", r"expected package\.module:function"),
        ("nowhere.codec:make", r"no module 'nowhere' on Python's path or in the current folder"),
        ("users_codecs.nowhere:make", r"no module \'users_codecs\.nowhere\' on"),
        ("users_codecs:Reel", r"users_codecs\.py has no 'Reel'; it defines .*Real, Complex"),
        ("users_codecs:torch", r"users_codecs:torch is a module; expected a function make_codec"),
        ("sys:exit", r"module sys has no file whose SHA-256 could be put on record"),
    ],
)
def test_a_target_that_is_not_there_is_named_with_the_way_out(target, message):
    with pytest.raises(ConfigError, match=message):
        external(target)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere", r"importing broken_codec raised .*\(broken_codec\.py, line 1\)"),
        ("def f(:", "importing broken_codec raised SyntaxError"),
    ],
)
def test_a_target_that_cannot_be_imported_says_where(tmp_path, monkeypatch, source, message):
    (tmp_path / "broken_codec.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=message):
        external("broken_codec:make")


@pytest.fixture
def edited(tmp_path, monkeypatch):
    """Writes the users' codec into a module of its own, as a process that starts afterwards."""
    source = Path(users_codecs.__file__).read_text()
    monkeypatch.syspath_prepend(tmp_path)

    def edit(comment, *, restart=True):
        (tmp_path / "edited_codec.py").write_text(f"{source}\n# {comment}\n")
        if restart:
            codecs._imported.cache_clear()
            monkeypatch.delitem(sys.modules, "edited_codec", raising=False)

    return edit


def run_id(**args):
    return content_id(resolve(document("edited_codec:Real", **args)).document(), "data")


def test_an_edited_codec_is_another_run(edited):
    edited("one")
    first, again = run_id(), run_id()
    edited("another")
    assert first == again != run_id()


def test_the_record_holds_the_fingerprints_and_resolves_to_itself(tmp_path):
    path = Path(saved(tmp_path / "w.safetensors"))
    run = resolve(document(weights=str(path)))
    files = {"target": Path(users_codecs.__file__), "weights": path}
    for name, file in files.items():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert run.system.args[f"{name}_sha256"] == digest
    assert resolve(run.document()) == run
    assert isinstance(make_system(run.system, GREY), External)


def test_a_record_of_another_codec_is_refused(edited):
    edited("one")
    record = resolve(document("edited_codec:Real")).document()
    edited("another")
    message = r"system\.target_sha256: this record was made with another .*edited_codec\.py"
    with pytest.raises(ConfigError, match=message):
        resolve(record)
    with pytest.raises(ConfigError, match=message):
        make_system(Spec(**record["system"]), GREY)


def test_a_codec_that_was_edited_after_it_was_imported_is_refused(edited):
    edited("one")
    run_id()
    edited("another", restart=False)
    with pytest.raises(ConfigError, match=r"edited_codec\.py was edited after .* restart Python"):
        run_id()
