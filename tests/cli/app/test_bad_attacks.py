"""What a user can get wrong about attacks, through the command line."""

import pytest
from support import refused

SCENES = ["data={name: scenes, source: sample, count: 300, test_count: 20}", "attack=csba"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["attack=csba"], ["csba removes an element of scenes", "take data=scenes"]),
        ([*SCENES, "data.element=12"], ["data.element: 12", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"]),
        ([*SCENES, "data.share=1"], ["all 254 training images", "data.share less than 1"]),
        ([*SCENES, "data.share=1/1000"], ["finds none of 254", "data.share"]),
        ([*SCENES, "attack.poison_ratio=.9"], ["attack.poison_ratio: 0.9", "take at most 0.4"]),
        ([*SCENES, "attack.poison_ratio=2"], ["attack.poison_ratio: 2", "<= 1"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else None,
)
def test_a_mistake_is_named_with_the_way_out(change, words):
    error = refused("run", "mnist-sample", "evaluation.alpha=.1", *change)
    for word in words:
        assert word in error
