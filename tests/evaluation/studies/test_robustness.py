import pytest
import torch
from corner_backdoor import Corner, Silent, trial_of

from semvet.defenses.jpeg import in_file
from semvet.evaluation.studies.robustness import QUALITIES, SNRS_DB, Robustness
from semvet.randomness import stream


@pytest.fixture(scope="module")
def found():
    return Robustness().run(trial_of(Corner()), images=10)


def lines(found, panel):
    return {line.key: line.y for line in found.exhibits[0].panel(panel).lines}


def test_robustness_is_measured_at_other_points(found):
    assert found.exhibits[0].panel("snr/asr").x == SNRS_DB  # the nominal one is among them
    over_snr = lines(found, "snr/asr")
    for level in (1, 2):
        assert over_snr[f"attacked/{level}"] == tuple(float(snr >= 0) for snr in SNRS_DB)
        assert over_snr[f"clean/{level}"] == (0.0,) * len(SNRS_DB)
    assert found.exhibits[0].panel("channel/asr").x == ("AWGN", "Rayleigh", "Rician")
    assert lines(found, "channel/asr")["attacked/1"] == (1.0, 0.0, 0.0)
    assert lines(found, "channel/psnr_db")["attacked"] == (100.0,) * 3
    assert found.exhibits[1].column("attacked").values == (0.0,) * 3
    assert lines(found, "jpeg/asr")["clean"] == (0.0,) * (1 + len(QUALITIES))
    assert found.n == 10


def test_of_the_clean_system_only_its_worst_level_is_drawn(found):
    drawn = {line.key for line in found.exhibits[0].panel("snr/asr").lines if line.drawn}
    assert drawn == {"attacked/1", "attacked/2", "clean"}


def test_a_trigger_that_no_file_can_touch_is_not_compressed():
    found = Robustness().run(trial_of(Silent()), images=5)
    assert "jpeg/asr" not in {panel.key for panel in found.exhibits[0].panels}
    assert "JPEG" not in found.headline


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_loses_more_at_lower_quality(channels):
    x = torch.rand(3, channels, 16, 16, generator=stream(0, "x"))
    errors = [float((in_file(x, quality=q) - x).square().mean()) for q in (95, 50, 10)]
    assert 0 < errors[0] < errors[1] < errors[2]
    flat = torch.full((2, channels, 16, 16), 0.4)
    torch.testing.assert_close(in_file(flat, quality=95), flat, atol=1e-6, rtol=0)
