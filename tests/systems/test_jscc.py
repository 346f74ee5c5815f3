import pytest
import torch

from semvet.channels import AWGN
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.systems.symbols.power import symbol_count, to_reals, to_symbols
from semvet.types import ImageShape


def jscc(shape=(1, 28, 28), **config):
    with seeded(0, "system"):
        return JSCC(ImageShape(*shape), **config)


@pytest.mark.parametrize(
    ("maps", "parameters"), [(8, 143_444), (16, 156_252), (24, 169_060), (32, 181_868)]
)
def test_parameter_counts_are_those_of_the_cited_network(maps, parameters):
    system = jscc((3, 32, 32), bandwidth_ratio=maps / 96)
    assert system.grid.maps == maps
    assert sum(p.numel() for p in system.parameters()) == parameters


@pytest.mark.parametrize("ratio", [1 / 24, 1 / 12, 1 / 8, 1 / 6, 1 / 5])  # papers: 1/12 ... 2/5
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 30, 45)])
def test_every_ratio_is_met_exactly_on_every_size(shape, ratio):
    system = jscc(shape, bandwidth_ratio=ratio, width=4)
    x = torch.rand(2, *shape, generator=stream(0, "x"))
    z = system.encode(x, torch.ones(len(x)))
    assert z.shape == (2, max(1, int(ratio * x[0].numel() + 1e-9)))
    assert system.decode(z, torch.ones(2)).shape == x.shape
    assert system.bandwidth_ratio == pytest.approx(ratio, abs=1 / x[0].numel())


def test_compression_ratio_one_quarter_of_the_papers_is_98_symbols_on_mnist():
    assert symbol_count(1 / 8, 784) == int(1 / 4 * 784 / 2) == 98


def test_in_phase_is_the_first_half_and_quadrature_the_second():
    latent = torch.tensor([[3.0, 0.0, 0.0, 4.0, 9.0]])
    z = to_symbols(latent, 2)  # the fifth value is cut off
    assert z[0].tolist() == pytest.approx([3 / 5 * 2**0.5, 4j / 5 * 2**0.5])
    assert to_reals(z, 5)[0].tolist() == pytest.approx([0.6 * 2**0.5, 0, 0, 0.8 * 2**0.5, 0])


def test_an_all_zero_latent_is_silent_not_nan():
    assert (to_symbols(torch.zeros(1, 4), 2) == 0).all()


def test_features_are_the_symbols_as_sent():
    link = Transceiver(jscc(width=4), AWGN(), snr_db=10.0)
    x = torch.rand(3, 1, 28, 28, generator=stream(0, "x"))
    sent = link.system.encode(x, torch.ones(len(x)))
    features = link.transmit(x, link.draw(3, rng=stream(0, "n"))).features
    torch.testing.assert_close(features, torch.cat([sent.real, sent.imag], dim=1))


def test_it_exposes_its_encoder_convolutions_for_pruning():
    layers = jscc(width=4).encoder_convolutions
    assert len(layers) == 5
    assert all(any(isinstance(m, torch.nn.Conv2d) for m in layer.modules()) for layer in layers)
