"""A record whose parts do not fit together is none."""

import pytest
from made_runs import made_record
from pydantic import ValidationError

from semvet.records import Bands, Column, Curves, Figure, Line, Matrix, RunRecord, Table


def refused(change) -> str:
    document = made_record(levels=2, defenses=1).model_dump(mode="json")
    change(document)
    with pytest.raises(ValidationError) as caught:
        RunRecord.model_validate(document)
    return str(caught.value)


def test_a_made_record_survives_the_way_to_a_file_and_back():
    record = made_record(levels=2, defenses=1)
    assert RunRecord.model_validate_json(record.model_dump_json()) == record


@pytest.mark.parametrize(
    "levels",
    [
        lambda d: d["systems"]["clean"]["levels"],
        lambda d: d["undefended"]["attacked"]["levels"],
        lambda d: d["defenses"][1]["after"]["clean"]["levels"],
        lambda d: d["attack"]["triggers"],
    ],
)
def test_every_system_has_the_levels_of_the_attack(levels):
    assert "not the same trigger levels" in refused(lambda document: levels(document).pop())


def test_defenses_stand_beside_no_defense():
    assert "without the measurement" in refused(lambda d: d.update(undefended=None))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Curves(key="k", title="", x_label="", x=(0.0, 1.0),
                       lines=(Line(key="l", label="", y=(0.0,)),)),
        lambda: Bands(key="k", title="", x_label="", y_label="", x=(0.0,), outcomes=("none", "1"),
                      shares=((1.0,),)),
        lambda: Matrix(key="k", title="", rows=("a",), columns=("b", "c"), x_label="", y_label="",
                       values=((1.0,),)),
        lambda: Table(key="k", columns=(
            Column(key="a", title="", form="rate", values=(0.1, 0.2)),
            Column(key="b", title="", form="rate", values=(0.1,)),
        )),
        lambda: Table(key="k", columns=()),
        lambda: Figure(key="k", alt="", caption="", panels=()),
    ],
    ids=["curves", "bands", "matrix", "table", "no columns", "no panels"],
)  # fmt: skip
def test_an_exhibit_has_one_value_for_each_point(make):
    with pytest.raises(ValidationError):
        make()
