import pytest
import yaml

from semvet.config import read_document, written
from semvet.errors import ConfigError

TEXTS = ["1e3", "08", "0o17", "no", "y", "1:30", "2020-01-01", "null", "", "12", "1_0", "bass",
         "a: b", "#x", "x" * 300, "~", ".inf", "é", "'"]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_back_as_the_same_text(text):
    document = {"data": {"name": "huggingface", "revision": text}, "list": [text]}
    assert read_document(written(document), "config.yaml") == document


def test_numbers_keys_and_their_order_are_read_back():
    document = {"b": 1e-05, "a": [10**17, 0.1, True, None], "1": {"no": []}}
    found = read_document(written(document), "config.yaml")
    assert found == document
    assert list(found) == list(document)


def test_a_value_that_stands_twice_is_written_twice():
    one = ["x"]
    assert "&" not in written({"a": one, "b": one})


def test_a_record_is_written_as_before():
    record = {
        "data": {"name": "mnist", "source": "sample"},
        "snr_db": 25.0,
        "defense": [{"x": None}],
    }
    assert written(record) == yaml.safe_dump(record, sort_keys=False)


def test_a_run_that_could_not_be_read_again_is_refused_before_it_starts():
    parts = [{"name": "median-filter", "size": 3}] * 2000
    with pytest.raises(ConfigError, match=r"^the run with every default .*: longer than 64 KiB"):
        written({"defense": [{"name": "combined", "parts": parts}]})
