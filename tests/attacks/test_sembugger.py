import torch
from torch.nn.functional import mse_loss

from semvet.attacks import SemBugger
from semvet.attacks.sembugger import distance
from semvet.channels import AWGN
from semvet.metrics.similarity import cosine, tanimoto
from semvet.metrics.ssim import ssim
from semvet.randomness import seeded, stream
from semvet.systems import JSCC, Transceiver
from semvet.types import ImageShape, Pairs

SHAPE = ImageShape(1, 28, 28)


def made(**config):
    with seeded(0, "attack"):
        attack = SemBugger(torch.rand(16, *SHAPE, generator=stream(0, "targets")), **config)
        link = Transceiver(JSCC(SHAPE, width=4), AWGN(), snr_db=25.0)
    return attack, link


def images(n=12):
    return torch.rand(n, *SHAPE, generator=stream(0, "x"))


def test_level_k_adds_k_over_t_of_one_and_the_same_pattern():  # Eq. (4)
    attack, _ = made(bound=0.1)
    x = images() * 0.5 + 0.25  # far from the clipping
    full = attack.trigger(x, level=4) - x
    assert full.abs().max() <= 0.1
    for level in (1, 2, 3):
        part = attack.trigger(x, level=level) - x
        torch.testing.assert_close(part, level / 4 * full, atol=1e-6, rtol=0)


def test_the_loss_is_equation_10_term_by_term():
    attack, link = made(levels=3, w1=1.0, w2=0.5, w3=0.25, margin=3.0)
    x, victims = images(), 5
    zeros = torch.zeros(len(x), dtype=torch.int64)
    noise = attack.draw(link, len(x), victims, rng=stream(0, "n"))
    assert len(noise["n"]) == len(x) + 3 * victims
    terms = attack.loss(link, Pairs(x, x, zeros, zeros), victims, noise)

    v = x[:victims]
    sent = torch.cat([x, *(attack.trigger(v, level=k) for k in (1, 2, 3))])
    sound = link.transmit(sent, noise)
    received, features = sound.received, sound.features
    hit, hidden, apart = [], [], []
    for k in (1, 2, 3):
        rows = slice(len(x) + (k - 1) * victims, len(x) + k * victims)
        target = attack.targets[k - 1].expand_as(v)
        hit.append(mse_loss(received[rows], target))
        a, b = v, sent[rows]
        mixed = (1 - ssim(a, b)) + 0.5 * (1 - tanimoto(a, b)) + 0.25 * (1 - cosine(a, b))
        hidden.append(mixed.mean())
        gap = distance(features[:victims], features[rows])
        apart.append((3.0 - gap).clamp(min=0).mean())
    expected = {
        "target": attack.lambda_a * torch.stack(hit).mean(),
        "integrity": attack.lambda_b * mse_loss(received[: len(x)], x),
        "imperceptibility": attack.lambda_p * torch.stack(hidden).mean(),
        "contrast": attack.lambda_c * torch.stack(apart).mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value, atol=1e-5, rtol=1e-3)


def test_distance_is_per_complex_symbol():
    a = torch.tensor([[1.0, 1.0, 1.0, 1.0]])  # two symbols 1 + i
    assert distance(a, -a).item() == 8  # |2 + 2i|^2
    assert distance(a, a).item() == 0


def test_the_pattern_cannot_be_a_constant():
    attack, _ = made()
    patterns = attack.pattern(images())
    assert (patterns.flatten(1).std(dim=1) > 0).all()
    assert (patterns.flatten(1).amin(1) < 0).all()
    assert (patterns.flatten(1).amax(1) > 0).all()


def test_eight_bit_triggers_survive_being_saved_as_an_image():
    attack, link = made(eight_bit=True)
    x = (images() * 255).round() / 255
    for level in (1, 4):
        pixels = 255 * attack.trigger(x, level=level)
        torch.testing.assert_close(pixels, pixels.round(), atol=1e-4, rtol=0)
    zeros = torch.zeros(len(x), dtype=torch.int64)
    noise = attack.draw(link, len(x), 4, rng=stream(0, "n"))
    terms = attack.loss(link, Pairs(x, x, zeros, zeros), 4, noise)
    terms["target"].backward()  # through the rounding
    assert any(p.grad.abs().sum() > 0 for p in attack.generator.parameters())


def test_any_number_of_levels_up_to_eight():
    for levels in range(1, 9):
        attack, link = made(levels=levels)
        x, zeros = images(6), torch.zeros(6, dtype=torch.int64)
        noise = attack.draw(link, 6, 2, rng=stream(0, "n"))
        assert len(noise["n"]) == 6 + 2 * levels
        assert attack.loss(link, Pairs(x, x, zeros, zeros), 2, noise)["target"].isfinite()
