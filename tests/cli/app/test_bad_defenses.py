"""What a user can get wrong about defenses, through the command line; nothing is trained first."""

import pytest
from support import digits, refused, tiny_run

SMOOTHING = "{name: semantic-smoothing, copies: 4}"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["defense={name: semantic-smoothing, sigma: 0}"], ["defense.sigma: 0", "a number > 0"]),
        (["defense={name: semantic-smoothing, reducer: mode}"], ["reducer", "mean, median"]),
        (["defense={name: split-training, parties: 3}"], ["defense.parties: 3", "allowed: 1, 2"]),
        (["defense={name: median-pruning, window: 4}"], ["defense.window: 4 is even"]),
        (["defense={name: median-pruning, last_layer: 9}"], ["last_layer=9", "1 to 5"]),
        (["system=identity", "defense=median-pruning"], ["no convolutions", "a system with some"]),
        (["system=separate", "defense=fine-pruning"], ["no convolutions", "a system with some"]),
        (["system=identity", "defense=anp"], ["no convolutions"]),
        (["defense={name: combined, parts: [median-prunin]}"], ["did you mean 'median-pruning'"]),
        (["defense={name: combined, parts: []}"], ["at least one defense"]),
        (
            ["attack={name: detector-aware, base: bass, against: jpeg}"],
            ["attack.against: jpeg looks at no single image", "output-covariance, self-loop"],
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_a_mistake_is_named_with_the_way_out(change, words):
    error = refused("run", "mnist-sample", "evaluation.alpha=.1", *change)
    for word in words:
        assert word in error


def test_a_part_that_lacks_what_its_vantage_point_would_own_says_so(tmp_path):
    run = tiny_run(digits(tmp_path), training={"epochs": 1, "batch": 32})
    changes = [f"{key}={value}" for key, value in run.items() if key != "data"]
    data = " ".join(f"{k}: {v}," for k, v in run["data"].items())
    wrong = f"defense={{name: combined, parts: [{SMOOTHING}, median-pruning]}}"
    error = refused("run", "mnist-sample", f"data={{{data}}}", "attack=none", *changes, wrong)
    assert "wrapped by SmoothedLink; in a combination it must come earlier" in error
