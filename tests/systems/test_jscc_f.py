import pytest
import torch

from semvet.attacks import NoAttack
from semvet.channels import AWGN, Rayleigh
from semvet.config import TrainingPlan
from semvet.errors import ConfigError
from semvet.learning import train
from semvet.randomness import seeded, stream
from semvet.systems import JSCCF, Transceiver
from semvet.training.engine import Engine
from semvet.types import ImageShape, Moment, Pairs

GREY = (1, 28, 28)


def jscc_f(shape=GREY, **config):
    with seeded(0, "system"):
        return JSCCF(ImageShape(*shape), **{"width": 4} | config)


def images(count=3, shape=GREY):
    return torch.rand(count, *shape, generator=stream(0, "x"))


def sent_over(system, x, noise, channel=None):
    return system.transmit(x, channel or AWGN(), noise, snr_db=10.0)


def test_one_layer_of_256_filters_has_the_cited_networks_size():
    system = jscc_f((3, 32, 32), width=256, layers=1, bandwidth_ratio=1 / 6)
    assert sum(p.numel() for p in system.parameters()) == pytest.approx(10.65e6, rel=0.01)


@pytest.mark.parametrize(("layers", "shares"), [(1, [98]), (2, [49, 49]), (3, [33, 33, 32])])
def test_the_symbols_are_divided_among_the_rounds(layers, shares):
    system = jscc_f(layers=layers)
    assert [layer.grid.symbols for layer in system.rounds] == shares
    features = sent_over(system, images(), system.draw(AWGN(), 3, rng=stream(0, "n"))).features
    assert features.shape == (3, 2 * 98)


def test_more_rounds_than_symbols_are_refused():
    with pytest.raises(ConfigError, match="8 rounds of 7 symbols in all; allowed: 1 to 7"):
        jscc_f(layers=8, bandwidth_ratio=7 / 784)


def test_one_fading_state_lasts_for_all_rounds_and_each_has_its_own_noise():
    noise = jscc_f().draw(Rayleigh(), 5, rng=stream(0, "n"))
    assert torch.equal(noise["0/h"], noise["1/h"])
    assert not torch.isclose(noise["0/n"], noise["1/n"]).any()


def test_feedback_at_100_db_is_as_good_as_noiseless_and_at_0_db_it_is_not():
    x = images()
    clear, almost, noisy = (jscc_f(feedback_snr_db=snr) for snr in (None, 100.0, 0.0))
    noise = noisy.draw(AWGN(), 3, rng=stream(0, "n"))
    a, b, c = (sent_over(system, x, noise).features for system in (clear, almost, noisy))
    torch.testing.assert_close(a, b, atol=1e-3, rtol=0)
    assert (a - c).abs().max() > 1e-2


def test_feedback_tells_the_second_round_what_the_channel_did_to_the_first():
    system, x = jscc_f(), images()
    noise = system.draw(AWGN(), 3, rng=stream(0, "n"))
    other = noise | {"0/n": -noise["0/n"]}
    first, second = (sent_over(system, x, n).features.view(3, 2, 2, 49) for n in (noise, other))
    assert torch.equal(first[:, :, 0], second[:, :, 0])
    assert not torch.isclose(first[:, :, 1], second[:, :, 1]).all()


def test_the_receiver_decodes_from_all_rounds():
    system, x = jscc_f(), images()
    noise = system.draw(AWGN(), 3, rng=stream(0, "n"))
    noise = {name: value.requires_grad_() for name, value in noise.items()}
    system.layers[1].combiner[0].weight.data[:, :1] = 0  # leave out the first reconstruction
    sent_over(system, x, noise).received.sum().backward()
    assert noise["0/n"].grad.abs().sum() > 0


def test_greedy_training_trains_one_round_after_the_other():
    system = jscc_f()
    x = (255 * images(64)).to(torch.uint8)
    level = torch.zeros(64, dtype=torch.int64)
    engine = Engine(
        Transceiver(system, AWGN(), snr_db=10.0), NoAttack(images(16)), Pairs(x, x, level, level),
        TrainingPlan(epochs=4, batch=16), seed=0, device=torch.device("cpu"), precision="fp32",
    )  # fmt: skip

    def weights():
        return [torch.cat([p.flatten() for p in r.parameters()]) for r in system.rounds]

    kept = [weights()]
    learn = engine.learn

    def watched(step):
        terms = learn(step)
        kept.append(weights())
        return terms

    engine.learn = watched
    train(engine, device=engine.device)
    start, middle, end = kept[0], kept[8], kept[16]
    assert not torch.equal(start[0], middle[0])
    assert torch.equal(start[1], middle[1])
    assert torch.equal(middle[0], end[0])
    assert not torch.equal(middle[1], end[1])
    assert all(p.requires_grad for p in system.parameters())


def test_a_greedy_phase_ends_with_its_own_round():
    link = Transceiver(jscc_f(), AWGN(), snr_db=10.0)
    noise = link.draw(3, rng=stream(0, "n"))
    first, second = (
        link.during(Moment(phase, 0.5)).transmit(images(), noise).features for phase in (0, 1)
    )
    whole = link.transmit(images(), noise).features
    assert first.shape[1] < second.shape[1]
    assert torch.equal(second, whole)
