"""Spectral signatures and activation clustering, where the latents are the pixels themselves."""

import pytest
import torch
from constructed_links import SHAPE, Linear, backdoored

from semvet.defenses import DEFENSES, View
from semvet.errors import DefenseError
from semvet.randomness import stream

POISONED = slice(100, 112)  # of 240 images, 5 %
audits = pytest.mark.parametrize("name", ["spectral-signatures", "activation-clustering"])


def images(*, poisoned):
    """Grey with little noise; the poisoned ones are bright in one half."""
    x = 0.3 + 0.1 * torch.rand(240, *SHAPE, generator=stream(0, "x"))
    if poisoned:
        x[POISONED, :, :4] += 0.5
    return x


def audited(name, x, link=None, **config):
    defense = DEFENSES[name](**config)
    link = link or backdoored()
    defended = defense.apply(View(defense.vantage, link, images=x), rng=stream(0, "d"))
    assert defended.link is link
    return defended


@audits
def test_images_that_stand_out_are_flagged(name):
    suspicion = audited(name, images(poisoned=True)).suspicion
    assert suspicion.flagged[POISONED].all()
    assert suspicion.score[POISONED].min() > suspicion.score[:100].max()


@audits
def test_an_audit_repeats_itself(name):
    one, other = (audited(name, images(poisoned=True)).suspicion for _ in range(2))
    assert torch.equal(one.score, other.score)
    assert torch.equal(one.flagged, other.flagged)


@audits
def test_an_audit_needs_the_weights(name):
    with pytest.raises(DefenseError, match="wrapped by Linear"):
        audited(name, images(poisoned=True), Linear(torch.eye(64)))


def test_spectral_signatures_always_flag_their_share():
    flagged = audited("spectral-signatures", images(poisoned=False), suspects=0.1).suspicion.flagged
    assert int(flagged.sum()) == 24


def test_activation_clustering_flags_the_small_cluster_and_nothing_else():
    defended = audited("activation-clustering", images(poisoned=True))
    assert int(defended.suspicion.flagged.sum()) == 12
    assert not defended.findings["abstains"]
    assert defended.findings["smaller_cluster"] == pytest.approx(0.05)


def test_activation_clustering_abstains_on_flat_data():
    defended = audited("activation-clustering", images(poisoned=False))
    assert defended.findings["abstains"]
    assert not defended.suspicion.flagged.any()


def test_activation_clustering_abstains_where_both_clusters_are_large():
    x = images(poisoned=False)
    x[:110, :, :4] += 0.5
    defended = audited("activation-clustering", x, dimensions=1)
    assert defended.findings["abstains"]
    assert defended.findings["silhouette"] > 0.5


def test_latents_that_are_all_alike_are_refused():
    with pytest.raises(DefenseError, match="all images have the same latent"):
        audited("activation-clustering", torch.full((50, *SHAPE), 0.5))
