"""What semvet.testing asks of any defense, asked of everything in the DEFENSES table."""

from functools import partial

import pytest

from semvet.defenses import DEFENSES, SemanticSmoothing, Threshold
from semvet.testing.defenses import PROMISES
from semvet.testing.promise import keep, words

SMALL = {  # so that each is over in a second
    "semantic-smoothing": {"copies": 4},
    "combined": {"parts": (Threshold(), SemanticSmoothing(copies=4))},
    "denoiser": {"steps": 3},
    "fine-tuning": {"steps": 3},
    "fine-pruning": {"steps": 3},
    "anp": {"steps": 3},
    "trigger-inversion": {"steps": 3, "references": 1},
    "output-covariance": {"copies": 4},
    "noise-augmented-training": {"sigma": 0.1},
}


@pytest.mark.parametrize("promise", PROMISES, ids=words)
@pytest.mark.parametrize("name", DEFENSES)
def test_every_defense_keeps_its_promises(name, promise):
    keep([promise], partial(DEFENSES[name], **SMALL.get(name, {})), what=name)
