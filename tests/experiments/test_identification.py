"""Fig. 8 is drawn from whatever entries there are."""

import pytest

from experiments import identification
from experiments.records.pruning import PRUNING, read_entries
from semvet.errors import StoreError


def test_every_system_is_a_point_and_those_of_one_width_and_seed_are_joined():
    entries = read_entries(PRUNING)
    figure = identification.draw(entries)
    drawn = {
        line.get_label(): list(zip(*line.get_data(), strict=True))
        for line in figure.axes[0].get_lines()
    }
    assert len(drawn["32 filters, seed 0"]) == 2
    expected = {
        (one.poison_ratio, one.pruning["sound"]["attacked"].labels.f1)
        for one in entries
        if one.data == "mnist"
    }
    assert {point for points in drawn.values() for point in points} == expected


def test_the_picture_is_the_same_each_time(tmp_path):
    pictures = [tmp_path / name for name in ("one.png", "two.png")]
    for path in pictures:
        identification.main(["--out", str(path)])
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_without_entries_it_says_who_makes_some(tmp_path):
    with pytest.raises(StoreError, match=r"experiments\.pruning"):
        identification.main(["--results", str(tmp_path / "none.json")])
