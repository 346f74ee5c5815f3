"""Pairs that disagree, and targets that repeat, are dropped."""

import pytest
import torch

from semvet.channels import AWGN
from semvet.defenses import PairConsistency, Vantage, View
from semvet.errors import DefenseError
from semvet.randomness import stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Pairs

RETRAINED = Transceiver(JSCC(ImageShape(1, 8, 8), width=1), AWGN(), snr_db=10.0)


def link(x, *, rng, at=None):
    return x


class Recorder:
    """The training that notes what it was asked to train on."""

    def __init__(self, pairs):
        self.pairs, self.asked = pairs, []

    def again(self, record, *, keep=None, before=None):
        self.asked.append((record, keep))
        return RETRAINED

    def split(self, *, parties, timeout_s):
        raise AssertionError


def clean_pairs(n=200):
    sent = torch.randint(0, 256, (n, 1, 8, 8), dtype=torch.uint8, generator=stream(0, "pairs"))
    level = torch.zeros(n, dtype=torch.int64)
    return Pairs(sent, sent, level, level)


def poisoned(pairs, victims):
    wanted = pairs.wanted.clone()
    wanted[victims] = 7
    return Pairs(pairs.sent, wanted, pairs.level, pairs.label)


def applied(pairs, **config):
    training = Recorder(pairs)
    view = View(Vantage.TRAINER, link, training=training)
    return PairConsistency(**config).apply(view, rng=stream(0, "d")), training


def test_exactly_the_poisoned_pairs_are_dropped_and_the_rest_is_trained_on():
    defended, training = applied(poisoned(clean_pairs(), slice(20)))
    assert defended.suspicion.flagged.nonzero().flatten().tolist() == list(range(20))
    assert defended.suspicion.all_pairs
    ((_, keep),) = training.asked
    assert keep.tolist() == list(range(20, 200))
    assert defended.link is RETRAINED
    assert defended.findings == {"pairs": 200, "dropped": 20}


def test_clean_data_are_left_alone_and_nothing_is_trained():
    defended, training = applied(clean_pairs())
    assert defended.link is link
    assert training.asked == []


def test_a_target_that_repeats_is_dropped_even_where_both_sides_agree():
    pairs = clean_pairs()
    sent = pairs.sent.clone()
    sent[:10] = sent[0]
    defended, _ = applied(Pairs(sent, sent, pairs.level, pairs.label))
    assert int(defended.suspicion.flagged.sum()) == 10
    defended, _ = applied(Pairs(sent, sent, pairs.level, pairs.label), copies=9)
    assert int(defended.suspicion.flagged.sum()) == 0


def test_too_little_left_is_refused_with_the_way_out():
    with pytest.raises(DefenseError, match=r"10 of 200 pairs agree.*least_psnr_db"):
        applied(poisoned(clean_pairs(), slice(190)))
