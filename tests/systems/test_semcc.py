import pytest
import torch
from torch.nn.functional import normalize

from semvet.attacks import NoAttack
from semvet.channels import AWGN
from semvet.config import TrainingPlan
from semvet.learning import train
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, SemCC, Transceiver
from semvet.systems.base import as_features
from semvet.systems.objectives.info_nce import info_nce
from semvet.training.engine import Engine
from semvet.types import ImageShape, Moment, Pairs

GREY = (1, 28, 28)


def semcc(shape=GREY, **config):
    with seeded(0, "system"):
        return SemCC(ImageShape(*shape), **{"width": 4} | config)


def images(count=5, shape=GREY):
    return torch.rand(count, *shape, generator=stream(0, "x"))


def transmitted(system, x, *, snr_db=5.0, moment=None):
    noise = system.draw(AWGN(), len(x), rng=stream(0, "n"))
    return system.transmit(x, AWGN(), noise, snr_db=snr_db, moment=moment)


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_without_its_projection_it_has_as_many_parameters_as_jscc():
    shape = ImageShape(3, 32, 32)
    system = semcc(shape, width=16, bandwidth_ratio=1 / 6)
    jscc = JSCC(shape, bandwidth_ratio=1 / 6)
    assert count(system) - count(system.projection) == count(jscc) == 156_252
    assert count(system.projection) == 1024 * 64 + 64 + 1 + 64 * 64 + 64


def test_its_terms_are_infonce_of_clean_and_noisy_and_of_clean_and_re_encoded_features():
    system, x = semcc(temperature=0.2, beta_2=3.0), images()
    made = transmitted(system, x)
    noise = system.draw(AWGN(), len(x), rng=stream(0, "n"))
    capacity = AWGN().capacity(noise, snr_db=5.0)
    z = system.encode(x, capacity)
    y = AWGN()(z, noise, snr_db=5.0)
    again = system.encode(made.received, capacity)
    u, v, w = (system.projection(as_features(symbols)) for symbols in (z, y, again))
    assert made.terms.keys() == {"noisy", "re-encoded"}
    for name, branch in (("noisy", v), ("re-encoded", w)):
        expected = 3 * info_nce(u, branch, temperature=0.2)
        torch.testing.assert_close(made.terms[name], expected)


def test_without_semre_only_the_noisy_branch_has_to_match():
    assert transmitted(semcc(re_encode=False), images()).terms.keys() == {"noisy"}


def test_its_terms_may_look_at_the_batch_so_there_are_none_in_evaluation():
    assert transmitted(semcc().eval(), images()).terms == {}


def test_training_mode_changes_nothing_but_the_terms():
    system, x = semcc(), images()
    assert torch.equal(transmitted(system, x).received, transmitted(system.eval(), x).received)


@pytest.mark.parametrize("branch", ["noisy", "re-encoded"])
def test_each_term_reaches_the_encoder_and_semre_the_decoder_too(branch):
    system = semcc()
    transmitted(system, images()).terms[branch].backward()
    reached = {
        name.partition(".")[0]
        for name, p in system.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }
    assert reached == {"encoder", "projection", *(["decoder"] if branch == "re-encoded" else [])}


def test_both_branches_of_a_term_get_gradients():
    system, x = semcc(), images()
    noise = system.draw(AWGN(), len(x), rng=stream(0, "n"))
    features = as_features(system.encode(x, AWGN().capacity(noise, snr_db=5.0))).detach()
    sent, heard = features.clone().requires_grad_(), (features + 0.5).requires_grad_()
    system._contrast(sent, heard, x, 0.01)["noisy"].backward()
    assert sent.grad.abs().sum() > 0
    assert heard.grad.abs().sum() > 0


def test_the_first_stage_weighs_the_contrast_more_than_the_second():
    system, x = semcc(beta_1=0.5, beta_2=0.125), images()
    moments = (Moment(0, 0.0), Moment(0, 0.9), Moment(1, 0.0), Moment(1, 1.0), None)
    terms = [transmitted(system, x, moment=moment).terms["noisy"] for moment in moments]
    assert terms[0] == terms[1] == 4 * terms[2] == 4 * terms[3] == 4 * terms[4]


def test_a_weight_of_zero_costs_nothing():
    assert transmitted(semcc(beta_2=0.0), images()).terms == {}


def test_the_embedding_has_unit_norm_and_is_that_of_the_re_encoded_image():
    system, x = semcc(projection=7), images()
    embedding = system.embed(x)
    assert embedding.shape == (5, 7)
    torch.testing.assert_close(embedding.norm(dim=1), torch.ones(5))
    features = as_features(system.encode(x, torch.zeros(5)))
    torch.testing.assert_close(embedding, normalize(system.projection(features), dim=1))


def test_training_in_two_stages_makes_received_images_easier_to_tell_apart():
    system, x = semcc(bandwidth_ratio=1 / 98), images(64)
    before = transmitted(system, x, snr_db=-5.0).terms["noisy"]
    level = torch.zeros(64, dtype=torch.int64)
    pixels = (255 * x).to(torch.uint8)
    engine = Engine(
        Transceiver(system, AWGN(), snr_db=-5.0), NoAttack(x[:16]),
        Pairs(pixels, pixels, level, level), TrainingPlan(epochs=10, batch=16, clip_norm=1.0),
        seed=0, device=torch.device("cpu"), precision="fp32",
    )  # fmt: skip
    trained = train(engine, device=engine.device)
    assert engine.phases.length == trained.steps // 2 == 20
    assert trained.history[0]["noisy"] > 2 * trained.history[-1]["noisy"]  # the weight fell
    assert transmitted(system, x, snr_db=-5.0).terms["noisy"] < before
