import pytest

from semvet.pipeline.execute import execute
from semvet.store import Store

RUN = {
    "data": {"name": "scenes", "source": "sample", "size": 16, "count": 250, "test_count": 60},
    "system": {"name": "jscc", "width": 4},
    "training": {"epochs": 1, "batch": 32},
    "evaluation": {"images": 40, "draws": 1, "defended_images": 10, "alpha": 0.1},
}


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    return execute({**RUN, "attack": "csba"}, store, device="cpu").metrics


def test_scenes_with_the_element_are_attacked_and_those_without_are_benign(metrics):
    for system in ("clean_system", "attacked_system"):
        assert (metrics[system]["n"], metrics[system]["n_triggered"]) == (30, 30)
        assert metrics[system]["benign_any"] == 0
    assert metrics["judge"]["rule"] == "removal"
    assert metrics["attack"]["goal"] == "REMOVAL"


def test_the_figures_of_both_systems_are_recorded(metrics):
    for system in ("attacked", "clean"):
        figures = metrics["removal"][system]
        assert figures.keys() == {"region_psnr_db", "rest_psnr_db", "region_removed", "rest_kept"}
        assert 0 < figures["region_psnr_db"] < 100
        assert 0 < figures["rest_psnr_db"] < 100
    assert metrics["removal"]["clean"]["rest_kept"] == 1


def test_a_hit_is_a_removed_element_and_a_kept_rest(metrics):
    for name, system in (("attacked", "attacked_system"), ("clean", "clean_system")):
        removed, kept = (metrics["removal"][name][k] for k in ("region_removed", "rest_kept"))
        (asr,) = metrics[system]["asr"]
        assert removed + kept - 1 <= asr + 1e-9
        assert asr <= min(removed, kept)


def test_other_goals_have_no_such_figures(tmp_path):
    run = {**RUN, "attack": "bass", "training": {"epochs": 0, "batch": 32}}
    assert execute(run, Store(tmp_path), device="cpu").metrics["removal"] is None
