import os
import time

import pytest
from hostile_configurations import LAUGHS

from semvet.config.reading import read_document, read_file, read_value
from semvet.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5), ("-5", -5), ("+5", 5), ("0", 0), (".5", 0.5), ("5.", 5.0), ("0.25", 0.25),
        ("1e3", 1000.0), ("4E-3", 0.004), ("1.5e+2", 150.0),
        ("9" * 18, 10**18 - 1), ("0e-999", 0.0),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("# all", None),
        ("1/8", "1/8"), ("bass", "bass"), ("none", "none"), ("nobody", "nobody"), ("y", "y"),
        ("on-off", "on-off"), ("1:30pm", "1:30pm"), ("2020-01-01-run", "2020-01-01-run"),
        ("10.0.0.1:80", "10.0.0.1:80"), ("0x", "0x"), ("1e", "1e"), ("=", "="),
        ("/a/010", "/a/010"),
        ("'no'", "no"), ('"010"', "010"), ("'2020-01-01'", "2020-01-01"), ("a: b", {"a": "b"}),
        ("[1, [x, {y: 2}]]", [1, ["x", {"y": 2}]]), ("{3: a, no: b}", {"3": "a", "no": "b"}),
    ],
)  # fmt: skip
def test_a_value_is_what_a_person_would_read(text, value):
    found = read_value(text, "key")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("!!int x", r"the YAML tag '!!int'; leave it out"),
        ("!!python/object/apply:os.getpid []", r"the YAML tag '!!python/object/apply:os\.getpid'"),
        ("! x", "the YAML tag '!'"),
        ("!x y", "the YAML tag '!x'"),
        ("&a x", "the YAML anchor or alias &a; write the value out"),
        ("*a", r"the YAML anchor or alias \*a; write the value out"),
        ("2001-13-45", "2001-13-45 is not allowed: a date"),
        ("2001-01-01", "2001-01-01 is not allowed: a date"),
        ("2001-01-01 10:00:00", "is not allowed: a date; no key takes one, or put it in quotes"),
        ("1:30", "1:30 is not allowed: some read it to the base 60; write one number"),
        ("010", "010 is not allowed: some read leading zeros as base 8; leave them out"),
        ("-010", "-010 is not allowed: .* leave them out"),
        ("00.5", "00.5 is not allowed: .* leave them out"),
        ("0o17", "0o17 is not allowed: a number to another base than 10"),
        ("0x1F", "0x1F is not allowed: a number to another base than 10"),
        ("0b11", "0b11 is not allowed: a number to another base than 10"),
        ("1_000", "1_000 is not allowed: a number with underscores; leave them out"),
        ("yes", "yes is not allowed: some take it for true or false; write true or false"),
        ("Off", "Off is not allowed: some take it for true or false"),
        (".inf", r"\.inf is not allowed: no finite number"),
        ("-.INF", r"-\.INF is not allowed: no finite number"),
        (".nan", r"\.nan is not allowed: no finite number"),
        ("9" * 19, "more than 18 digits; write a smaller number, or put it in quotes"),
        ("9" * 4096, "more than 18 digits"),
        ("1e999", r"1e999 is not allowed: it is beyond 1\.8e\+308; write a smaller number"),
        ("1e-320", "1e-320 is not allowed: it is closer to 0 than 2.2e-308; write 0 or a larger"),
        ("1e-999", "closer to 0"),
        ("{x: 1, y: {z: 2, z: 3}}", r"given twice; keep one of them"),
        ("{[1]: 2}", "a list or mapping as a key"),
        ("{'': 2}", "'' as a key; a key is a word of at most 200 characters"),
        ("{<<: {x: 1}}", "'<<' merges nothing here; write the keys out"),
        ("x\n--- y", r"a second document \(---\); keep one"),
        ("[" * 33, "nested deeper than 32 levels; flatten it"),
        ("- " * 33 + "x", "nested deeper than 32 levels"),
        ("x" * 4097, "a text of 4,097 characters; allowed are 4,096"),
        (" " * 70_000, "longer than 64 KiB"),
        ("[" + "x," * 6000 + "]", "more than 3,000 keys and values"),
        ("a\x00b", r"holds the control character U\+0000; remove it"),
        (r'"\e[2J"', r"holds the control character U\+001B; a value is text on one line"),
        (r'"\uD800"', r"U\+D800"),
        (r'"\UFFFFFFFF"', "is not a YAML value"),
        ("|\n  two\n  lines", r"U\+000A; a value is text on one line"),
        ("%YAML 1.1\n---\nx", r"a line that begins with % \(a YAML directive\); remove it"),
        ("[", r"'\[' is not a YAML value"),
    ],
)  # fmt: skip
def test_what_yaml_would_misread_is_refused_with_the_way_out(text, problem):
    with pytest.raises(ConfigError, match=rf"^key(\.\w+)*: .*{problem}"):
        read_value(text, "key")


def test_an_error_of_a_file_names_its_line_and_key():
    with pytest.raises(ConfigError) as caught:
        read_document("seed: 0\nchannel:\n  name: rayleigh\n  csi: no\n", "run.yaml")
    assert str(caught.value).startswith("run.yaml, line 4: channel.csi: no is not allowed: ")


@pytest.mark.parametrize(
    "text",
    [LAUGHS, "x: &x [*x]", "[" * 60_000, "{x: " * 15_000, "- " * 30_000, "a: [" + "x, " * 20_000,
     "'" * 60_000, "x: 1\n" * 9000],
)  # fmt: skip
def test_what_would_fill_memory_or_time_is_refused_at_once(text):
    began = time.process_time()
    with pytest.raises(ConfigError, match=r"^run\.yaml"):
        read_document(text, "run.yaml")
    assert time.process_time() - began < 1


def test_a_file_that_is_too_long_is_not_read_whole(tmp_path):
    path = tmp_path / "long.yaml"
    with path.open("wb") as file:
        file.truncate(2**33)
    with pytest.raises(ConfigError, match=r"long\.yaml: longer than 64 KiB"):
        read_file(str(path))


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    fifo = tmp_path / "fifo.yaml"
    os.mkfifo(fifo)
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    for path in (fifo, tmp_path / "device.yaml", tmp_path):
        with pytest.raises(ConfigError, match=f"{path.name}: no such file"):
            read_file(str(path))


@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "x\x00.yaml"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(ConfigError, match=r"cannot be read|no such file"):
        read_file(name)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfseed: 3\n")
    assert read_file(str(tmp_path / "bom.yaml")) == {"seed": 3}
