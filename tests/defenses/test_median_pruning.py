"""An encoder whose backdoor sits in kernels of its own, where the paper's story holds."""

import pytest
import torch

from semvet.channels import AWGN
from semvet.defenses import Vantage, View
from semvet.defenses.median_pruning import MedianPruning, by_tails, kernels_pruned
from semvet.errors import ConfigError, DefenseError
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Identity, Transceiver
from semvet.types import ImageShape

SHAPE = ImageShape(1, 16, 16)
RATIOS = [round(0.05 * s, 2) for s in range(20)]


def make_link():
    """Brightness passes layers 1 and 2 in kernels of its own; in layer 3, kernel 5 is silent
    below a brightness that no clean image has, and drowns the others above it."""
    with seeded(0, "system"):
        link = Transceiver(JSCC(SHAPE, width=8, output_bias=0.0), AWGN(), snr_db=20.0).eval()
    first, second, third = (layer[0] for layer in link.system.encoder[:3])
    with torch.no_grad():
        first.weight[0] = 1 / 25
        second.weight[0] = 0
        second.weight[0, 0] = 10 / 25
        third.weight[:, 0] = 0
        third.weight[5] = 0
        third.weight[5, 0, 2, 2] = 50
        third.bias[5] = -150.0
        link.system.encoder[2][1].weight.zero_()  # silent means silent
    return link


def some_images(count=200, poisoned=20):
    x = 0.2 * torch.rand(count, *SHAPE, generator=stream(0, "images"))
    x[:poisoned, :, :8, :8] = 1.0
    return x


def applied(link=None, x=None, **config):
    view = View(Vantage.AUDITOR, link or make_link(), images=some_images() if x is None else x)
    return MedianPruning(**config).apply(view, rng=stream(0, "defense"))


@pytest.mark.parametrize("sizes", [[32, 32, 32], [16, 32, 64], [10, 20, 7], [5]])
@pytest.mark.parametrize("ratio", [*RATIOS, 1.0])
def test_counts_add_up_to_the_ratio_with_extras_in_the_first_layers(sizes, ratio):
    counts = kernels_pruned(ratio, sizes)
    assert sum(counts) == -(-round(ratio * 100) * sum(sizes) // 100)
    extras = [c - int(ratio * s + 1e-9) for c, s in zip(counts, sizes, strict=True)]
    assert extras == sorted(extras, reverse=True)
    assert set(extras) <= {0, 1}


def test_the_printed_counts_give_the_extra_to_the_first_layer_only():  # errata B2
    assert kernels_pruned(0.45, [10, 10, 10]) == [5, 5, 4]
    assert kernels_pruned(0.45, [10, 10, 10], counts="literal") == [5, 4, 4]
    for ratio in RATIOS:
        assert kernels_pruned(ratio, [10, 10, 7], counts="literal")[1:] == [
            int(ratio * 10 + 1e-9), int(ratio * 7 + 1e-9)
        ]  # fmt: skip


def test_kernels_with_the_lowest_medians_go_first():
    defense = MedianPruning()
    medians = [torch.tensor([3.0, 0.0, 2.0, 1.0])]
    keep = defense.kept(medians, [0.0, 0.25, 0.5, 0.75])[0]
    assert keep.tolist() == [
        [True, True, True, True], [True, False, True, True], [True, False, True, False],
        [True, False, False, False],
    ]  # fmt: skip


def test_tails_label_the_clusters():
    curves = torch.zeros(5, 100)
    curves[1:, :7] = torch.tensor([1.0, 0.9, 0.8, 0.7])[:, None]
    curves += 0.01 * torch.rand(5, 100, generator=stream(0, "c"))
    found = by_tails(curves, 1, tail=0.05)
    assert found.flagged.tolist() == [True] * 7 + [False] * 93
    assert found.score[:7].min() > 0 > found.score[7:].max()


def test_a_change_that_spares_the_poisoned_images_labels_them_upside_down():
    """The tails say "more change is poisoned"; where pruning hurts clean images, they err."""
    curves = torch.full((5, 100), 0.5)
    curves[:, :7] = 0.1
    curves += 0.01 * torch.rand(5, 100, generator=stream(0, "c"))
    assert by_tails(curves, 1, tail=0.05).flagged.tolist() == [False] * 7 + [True] * 93


def test_kernels_of_the_backdoor_alone_are_found_and_pruned():
    link, x = make_link(), some_images()
    before = {key: value.clone() for key, value in link.state_dict().items()}
    found = applied(link, x)
    assert found.suspicion.flagged.tolist() == [True] * 20 + [False] * 180
    assert 0 < found.findings["ratio"] == found.findings["knee_ratio"] < 0.5
    assert 5 in found.findings["pruned"][1]
    assert isinstance(found.link, Transceiver)
    assert found.link is not link
    assert all(torch.equal(value, before[key]) for key, value in link.state_dict().items())
    for key in ("ratios", "d_c", "variances", "curve_flagged", "curve_others"):
        assert len(found.findings[key]) == 20


def test_without_a_knee_it_abstains_and_changes_nothing():
    link = make_link()
    for layer in link.system.encoder[2:4]:  # nothing depends on what is pruned
        layer[0].weight.data.zero_()
    found = applied(link, first_layer=3)
    assert found.findings["ratio"] is None
    assert found.link is link


def test_a_given_ratio_is_pruned_in_any_case():
    found = applied(ratio=0.5)
    assert [len(kernels) for kernels in found.findings["pruned"]] == [8, 8, 8]
    unchanged = make_link()
    assert applied(unchanged, ratio=0.0).link is unchanged


def test_the_same_seed_gives_the_same_audit():
    one, two = applied(), applied()
    assert one.findings == two.findings
    assert torch.equal(one.suspicion.score, two.suspicion.score)


def test_what_cannot_be_audited_is_refused():
    with pytest.raises(DefenseError, match="2 images"):
        applied(x=some_images(2, 1))
    with pytest.raises(DefenseError, match="no convolutions"):
        applied(Transceiver(Identity(SHAPE), AWGN(), snr_db=20.0))
    with pytest.raises(ConfigError, match="even"):
        MedianPruning(window=4)
