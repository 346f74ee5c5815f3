import pytest
import torch

from semvet.attacks import NoAttack
from semvet.channels import AWGN, Rayleigh
from semvet.config import TrainingPlan
from semvet.data import Mnist
from semvet.learning import train
from semvet.metrics.psnr import psnr_db
from semvet.randomness import seeded, stream
from semvet.systems import SCAN, Transceiver
from semvet.systems.layers.gates import ContentGates
from semvet.systems.layers.wavelet import analyze
from semvet.systems.objectives.rate import RateAllotment, codeword_lengths
from semvet.systems.scan import clip
from semvet.training.engine import Engine
from semvet.types import ImageShape, Pairs, to_images


def scan(shape=(1, 28, 28), **config):
    with seeded(0, "system"):
        return SCAN(ImageShape(*shape), **{"width": 12} | config)


def images(n=6, shape=(1, 28, 28)):
    return torch.rand(n, *shape, generator=stream(0, "x"))


def mixed_lengths(link, x):
    """Noise that gives every other image the long codeword."""
    noise = link.draw(len(x), rng=stream(0, "n"))
    noise["long"] = torch.arange(len(x)) % 2 == 1
    return noise


@pytest.mark.parametrize(
    ("symbols", "spread", "lengths"),
    [(98, 0.25, (73, 123)), (98, 0.0, (98, 98)), (1, 0.9, (1, 1)), (10, 0.9, (1, 19))],
)
def test_the_two_lengths_have_the_budget_as_their_mean(symbols, spread, lengths):
    assert codeword_lengths(symbols, spread) == lengths
    assert sum(lengths) == 2 * symbols


def test_parameters_and_budget_on_32x32_colour_images():
    system = scan((3, 32, 32), bandwidth_ratio=1 / 6, width=48)
    assert sum(p.numel() for p in system.parameters()) == 155_607
    assert (system.short, system.symbols, system.long) == (384, 512, 640)


def test_gates_lie_between_0_and_1_and_capacity_moves_them():
    with seeded(0, "gates"):
        gates = ContentGates(3)
    x = images(2, (3, 16, 16))
    low, high = gates(x, torch.full((2,), 0.5)), gates(x, torch.full((2,), 8.0))
    for gate in (*low, *high):
        assert 0 < gate.min() <= gate.max() < 1
    assert all((a < b).all() for a, b in zip(low, high, strict=True))  # until training has its way


def test_saliency_moves_gates_at_fixed_capacity_on_the_grid_of_each_subband():
    with seeded(0, "gates"):
        gates = ContentGates(1)
    x, capacity = images(2, (1, 16, 16)), torch.full((2,), 5.0)
    coarse, fine = analyze(x)
    before = gates(x, capacity)
    assert [g.shape for g in before] == [coarse.shape, fine.shape]
    assert all(g.std(dim=(2, 3)).min() > 0 for g in before)  # varies over the image
    gates.salient[2].bias.data += 2.0
    assert all((b < a).all() for b, a in zip(before, gates(x, capacity), strict=True))


def test_capacity_moves_what_is_sent_and_what_is_decoded():
    system = scan().eval()
    x, uses = images(2), torch.full((2,), system.long)
    low, high = torch.full((2,), 0.5), torch.full((2,), 8.0)
    seen = system.look(x, low)
    sent = [system.encode(seen, capacity, uses) for capacity in (low, high)]
    got = [system.decode(sent[0], capacity, uses) for capacity in (low, high)]
    assert not torch.allclose(*sent, atol=1e-3)
    assert not torch.allclose(*got, atol=1e-4)


def test_a_short_codeword_leaves_symbols_unsent():
    link = Transceiver(scan(), AWGN(), snr_db=10.0).eval()
    x = images()
    made = link.transmit(x, mixed_lengths(link, x))
    short, long, k = link.system.short, link.system.long, link.system.symbols
    assert made.uses.tolist() == [short, long] * 3
    sent = torch.complex(*made.features.chunk(2, dim=1))
    assert sent.shape == (6, long)
    assert (sent[::2, short:] == 0).all()
    assert (sent[::2, :short] != 0).all()
    power = sent.abs().square().sum(dim=1) / made.uses
    torch.testing.assert_close(power, torch.ones(6))
    assert short < k < long


def test_the_receiver_ignores_what_was_not_sent_and_knows_the_length():
    system = scan().eval()
    y = torch.complex(*images(2, (2, 1, system.long))[:, :, 0].unbind(1))
    capacity, short = torch.full((2,), 5.0), torch.full((2,), system.short)
    louder = y.clone()
    louder[:, system.short :] *= 10
    received = system.decode(y, capacity, short)
    assert torch.equal(system.decode(louder, capacity, short), received)
    silent = y.clone()
    silent[:, system.short :] = 0
    as_long = system.decode(silent, capacity, torch.full((2,), system.long))
    assert not torch.equal(as_long, received)


def test_lengths_are_coins_in_training_and_the_threshold_decides_in_evaluation():
    link = Transceiver(scan(), AWGN(), snr_db=10.0)
    coins = link.draw(1000, rng=stream(0, "n"))["long"]
    assert 0.45 < coins.float().mean() < 0.55
    link.eval()
    assert "long" not in link.draw(4, rng=stream(0, "n"))
    x, rate = images(), link.system.rate
    for threshold_db, uses in ((-100.0, link.system.short), (100.0, link.system.long)):
        rate.threshold.data[0] = threshold_db / 30
        made = link.transmit(x, link.draw(len(x), rng=stream(0, "n")))
        assert (made.uses == uses).all()


def test_an_images_length_does_not_depend_on_its_batch_mates():
    link = Transceiver(scan(), Rayleigh(), snr_db=10.0).eval()
    x = images(16)
    noise = link.draw(len(x), rng=stream(0, "n"))
    seen = link.system.look(x, link.nominal.channel.capacity(noise, snr_db=10.0))
    quality = link.system.rate(seen, link.nominal.channel.capacity(noise, snr_db=10.0))
    link.system.rate.threshold.data[0] = quality.median().item() / 30 + 1e-4
    together = link.transmit(x, noise).uses
    assert together.unique().tolist() == [link.system.short, link.system.long]
    alone = [
        link.transmit(x[i : i + 1], {n: v[i : i + 1] for n, v in noise.items()}).uses
        for i in range(len(x))
    ]
    assert torch.equal(torch.cat(alone), together)


def test_fixed_rate_has_no_evaluator_and_no_terms():
    link = Transceiver(scan(spread=0.0), AWGN(), snr_db=10.0)
    x = images()
    noise = link.draw(len(x), rng=stream(0, "n"))
    made = link.transmit(x, noise)
    assert link.system.rate is None
    assert set(noise) == {"n"}
    assert made.terms == {}
    assert (made.uses == link.system.symbols).all()


def test_the_rates_losses_leave_the_codec_alone():
    link = Transceiver(scan(), AWGN(), snr_db=10.0)
    x = images().requires_grad_()
    made = link.transmit(x, mixed_lengths(link, x))
    sum(made.terms.values()).backward()
    for name, parameter in link.system.named_parameters():
        assert (parameter.grad is not None) == name.startswith("rate."), name
    assert x.grad is None


def test_only_images_sent_short_teach_the_evaluator():
    rate = RateAllotment(16)
    x = images(4)
    quality = torch.tensor([20.0, 50.0, 20.0, 50.0], requires_grad=True)
    long = torch.tensor([False, True, False, True])
    received = (x + 0.1).clamp(max=2)  # 20 dB
    terms = rate.terms(quality, received, x, long, snr_db=10.0)
    assert terms["quality"].item() == pytest.approx(0, abs=1e-9)
    assert rate.terms(quality, received, x, ~long, snr_db=10.0)["quality"].item() == pytest.approx(
        9e-3, rel=1e-4
    )
    assert torch.isfinite(
        rate.terms(quality, x, x, ~long, snr_db=10.0)["quality"]
    )  # received perfectly
    assert rate.terms(quality, received, x, long | True, snr_db=10.0)["quality"].item() == 0


def test_the_threshold_finds_the_median_of_every_snr():
    rate = RateAllotment(16)
    x = images(1).expand(999, 1, 28, 28)
    by_snr = {
        snr_db: 20 + 0.5 * snr_db + 3 * torch.randn(999, generator=stream(0, f"{snr_db}"))
        for snr_db in (4.0, 13.0, 22.0)
    }
    optimizer = torch.optim.Adam([rate.threshold], lr=1e-2)
    all_short = torch.zeros(999, dtype=torch.bool)
    for _ in range(600):
        optimizer.zero_grad()
        for snr_db, quality in by_snr.items():
            rate.terms(quality, x, x, all_short, snr_db=snr_db)["threshold"].backward()
        optimizer.step()
    for snr_db, quality in by_snr.items():
        share = rate.choose(quality, snr_db=snr_db).float().mean().item()
        assert share == pytest.approx(0.5, abs=0.03)


def test_evaluation_changes_nothing_in_the_system():
    link = Transceiver(scan(), AWGN(), snr_db=10.0).eval()
    before = {name: value.clone() for name, value in link.state_dict().items()}
    link(images(), rng=stream(0, "n"))
    assert all(torch.equal(value, before[name]) for name, value in link.state_dict().items())


def test_an_untrained_decoder_shows_the_gray_that_the_encoder_leaves_out():
    system = scan(output_bias=-2.0).eval()
    nothing = torch.zeros(1, system.long, dtype=torch.complex64)
    received = system.decode(nothing, torch.ones(1), torch.full((1,), system.short))
    assert received.mean().item() == pytest.approx(system.nominal, abs=0.02)
    assert system.look(torch.full((1, 1, 28, 28), system.nominal), torch.ones(1)).abs().max() < 1e-6


def test_a_pixel_out_of_range_is_clipped_and_finds_its_way_back():
    x = torch.tensor([-20.0, 0.3, 1e9]).requires_grad_()
    clipped = clip(x)
    assert clipped.tolist() == [0.0, pytest.approx(0.3), 1.0]
    (1 - clipped).square().sum().backward()
    assert x.grad.tolist() == pytest.approx([-2.0, -1.4, 0.0])


def test_features_are_as_long_as_the_long_codeword_whatever_the_channel():
    link = Transceiver(scan(), Rayleigh(), snr_db=10.0).eval()
    made = link.transmit(images(), link.draw(6, rng=stream(0, "n")))
    assert made.features.shape == (6, 2 * link.system.long)


@pytest.fixture(scope="module")
def trained():
    """500 steps on packaged digits, and 1000 held-out ones."""
    data = Mnist(source="sample").load()
    pixels, label = data.train.pixels, data.train.label
    with seeded(0, "attack"):
        attack = NoAttack(to_images(pixels[:1]), levels=1)
    pairs = Pairs(pixels, pixels, torch.zeros_like(label), label)
    link = Transceiver(scan(width=16), AWGN(), snr_db=10.0)
    plan = TrainingPlan(epochs=4, batch=48)
    cpu = torch.device("cpu")
    train(Engine(link, attack, pairs, plan, seed=0, device=cpu, precision="fp32"), device=cpu)
    return link.eval(), to_images(data.test.pixels[:1000])


@pytest.mark.slow
@torch.no_grad()
def test_after_a_short_training_the_budget_is_met_and_the_evaluator_knows_the_quality(trained):
    link, x = trained
    noise = link.draw(len(x), rng=stream(0, "held out"))
    spent = link.transmit(x, noise).uses
    assert spent.unique().tolist() == [link.system.short, link.system.long]
    assert spent.mean().item() == pytest.approx(link.system.symbols, rel=0.05)
    short = link.transmit(x, noise | {"long": torch.zeros(len(x), dtype=torch.bool)})
    capacity = link.nominal.channel.capacity(noise, snr_db=10.0)
    predicted = link.system.rate(link.system.look(x, capacity), capacity)
    truth = psnr_db(short.received, x)
    assert torch.corrcoef(torch.stack([predicted, truth]))[0, 1] > 0.7
    assert (predicted - truth).square().mean().sqrt() < 0.8 * truth.std()


@pytest.mark.slow
@torch.no_grad()
def test_allotment_lifts_the_worst_images(trained):
    """Against the same network with the long codewords dealt out at random."""
    link, x = trained
    noise = link.draw(len(x), rng=stream(0, "held out"))
    allotted = link.transmit(x, noise)
    order = torch.randperm(len(x), generator=stream(0, "deal"))
    dealt = link.transmit(x, noise | {"long": (allotted.uses > link.system.short)[order]})
    worst = [psnr_db(made.received, x).quantile(0.05) for made in (allotted, dealt)]
    assert worst[0] > worst[1] + 0.2
