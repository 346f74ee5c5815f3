"""The frontier and the matrix, from figures whose answer is known."""

from dataclasses import replace

from semvet.reports.frontier import Point, frontier

POINT = Point(
    1, "one", "auditor", [0.5, 0.2], [0.0, 0.0], 0.3, 25.0, 0.5, 0.5, [20.0, 19.0], None, None,
    None, None, 1.0, 1.0,
)  # fmt: skip


def at(loss_db, asr, **changes):
    return replace(POINT, loss_db=loss_db, asr=asr, **changes)


def test_gone_needs_every_level_at_most_a_hundredth_above_its_benign_rate():
    assert not at(0.0, [0.0, 0.02]).gone
    assert at(0.0, [0.01, 0.01]).gone
    assert at(0.0, [0.0, 0.305], benign=[0.0, 0.3]).gone


def test_another_target_in_place_of_the_own_one_is_no_success():
    assert at(0.0, [0.0, 0.0], other=0.9).misdirected
    assert not at(0.0, [0.0, 0.0], other=0.01).misdirected
    assert not at(0.0, [0.9, 0.0], other=0.9).misdirected  # not even gone
    assert not at(0.0, [0.0, 0.0], other=None).misdirected


def test_the_frontier_holds_what_nothing_beats_in_both():
    cheap, good, both, beaten = at(0.0, [0.9]), at(3.0, [0.0]), at(1.0, [0.1]), at(2.0, [0.5])
    assert frontier([beaten, good, both, cheap]) == [cheap, both, good]
