"""What studies and defenses show is drawn and printed without knowing which ones they are."""

import numpy as np
import pytest
from made_exhibits import inverted, over, pruned
from made_runs import made_record, written

from semvet.errors import StoreError
from semvet.records import Column, Figure, ImageRow, ImageRows, Line, Table
from semvet.reports.exhibits import groups, of_defenses, picture_name
from semvet.reports.pictures.exhibits import draw_figure, draw_image_rows
from semvet.reports.reading import Reading
from semvet.reports.report import write_report


def showing(*exhibits, label="median-pruning"):
    """A record whose last defense shows these."""
    record = made_record(attack="bass", levels=1, defenses=1)
    one = record.defenses[-1].model_copy(update={"name": label, "exhibits": exhibits})
    return record.model_copy(update={"defenses": (*record.defenses[:-1], one)})


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 16, 16)])
def test_audits_are_drawn_and_their_numbers_printed(tmp_path, shape):
    rng = np.random.default_rng(0)
    sizes = {"sent": (8, *shape), "received": (8, *shape), "delta": shape}
    own = {f"defense/1/own/{k}": rng.random(v, dtype=np.float32) for k, v in sizes.items()}
    folder = written(tmp_path, showing(*pruned(0.25), *inverted(1)), shape, **own)
    page = write_report(folder).read_text()
    for name in ("defense-1-pruning", "defense-1-inversion"):
        assert (folder.path / "pictures" / f"{name}.png").stat().st_size > 5000
    for number in ("0.029", "0.480", "[0.000, 0.100]", "0.450 to 0.500", "0.843", "25.25"):
        assert number in page
    assert "nothing found" in page
    assert "What defenses show" in page


def test_what_is_not_there_is_a_dash(tmp_path):
    page = write_report(written(tmp_path, showing(*pruned(None, best=None)))).read_text()
    assert "no knee" in page
    assert "25.25" not in page


def test_a_run_whose_defenses_show_nothing_has_no_such_section(tmp_path):
    assert 'id="shown"' not in write_report(written(tmp_path, showing())).read_text()


def test_images_that_are_not_in_the_file_are_named(tmp_path):
    with pytest.raises(StoreError, match=r"no images named defense/1/own/sent"):
        write_report(written(tmp_path, showing(*inverted(1))))


def test_no_picture_is_written_outside_its_folder(tmp_path):
    assert picture_name("defense-1", "../../../evil") == "defense-1-evil"
    evil = Figure(
        key="../../evil", alt="", caption="", panels=(over("a", "A", [0.0], [line([0.5])]),)
    )
    folder = written(tmp_path / "runs", showing(evil))
    write_report(folder)
    assert not list(tmp_path.rglob("evil*"))
    assert (folder.path / "pictures" / "defense-1-evil.png").exists()


def test_two_exhibits_of_one_key_are_two_pictures():
    one = Figure(key="a", alt="", caption="", panels=(over("a", "A", [0.0], [line([0.5])]),))
    ((_, shown),) = of_defenses(Reading(showing(one, one, one)))
    assert len({name for _, name in shown}) == 3


def line(y, **options) -> Line:
    return Line(key="one", label="", y=tuple(y), **options)


def drawn(*panels, levels=4, across=3):
    figure = Figure(key="f", alt="", caption="", panels=panels, across=across)
    return draw_figure(figure, levels)


def test_a_legend_stands_below_where_panels_share_lines_and_inside_where_not():
    shared = [over(k, k, [0, 1], [line([0, 1]).model_copy(update={"label": "same"})]) for k in "ab"]
    figure = drawn(*shared)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["same"]
    own = [over(k, k, [0, 1], [line([0, 1]).model_copy(update={"label": k})]) for k in "ab"]
    figure = drawn(*own)
    assert not figure.legends
    assert [axes.get_legend().get_texts()[0].get_text() for axes in figure.axes] == ["a", "b"]


def test_lines_that_are_on_record_only_are_not_drawn():
    panel = over("a", "A", [0, 1], [line([0, 1]), line([1, 0], drawn=False)])
    assert len(drawn(panel).axes[0].get_lines()) == 1


def test_values_that_are_missing_are_gaps():
    (curve,) = drawn(over("a", "A", [0, 1, 2], [line([0.1, None, 0.3])])).axes[0].get_lines()
    assert np.isnan(curve.get_ydata()[1])


def test_points_that_mean_nothing_between_them_stand_side_by_side():
    lines = [line([0.5, 0.5], of="attacked", level=1), line([0.1, 0.1], of="clean")]
    panel = over("a", "A", ["AWGN", "Rayleigh"], lines, joined=False)
    curves = drawn(panel).axes[0].get_lines()
    assert {curve.get_linestyle() for curve in curves} == {"None"}
    assert len({curve.get_xdata()[0] for curve in curves}) == 2


def test_a_single_image_is_a_row_of_one():
    rows = ImageRows(
        key="i", heading="", alt="", caption="", rows=(ImageRow(array="one", title="one"),)
    )
    assert draw_image_rows(rows, {"one": np.zeros((1, 8, 8), np.float32)}) is not None


def test_columns_of_one_group_have_one_heading():
    columns = [
        Column(key=key, title=key, form="rate", values=(0.1,), group=group)
        for key, group in (("a", ""), ("b", "both"), ("c", "both"))
    ]
    found = groups(Table(key="t", columns=tuple(columns)))
    assert [(one.title, len(one.columns)) for one in found] == [("", 1), ("both", 2)]
