"""AWGN against the textbook."""

import pytest
import torch

from semvet.channels import AWGN
from semvet.randomness import stream
from semvet.units import db_to_linear

SYMBOLS = 400_000
LEVELS = torch.tensor([-3.0, -1.0, 1.0, 3.0]) / 10**0.5


@pytest.mark.parametrize("snr_db", [5.0, 10.0, 14.0])
def test_16_qam_errs_as_often_as_the_closed_form_says(snr_db):
    index = torch.randint(4, (2, 1, SYMBOLS), generator=stream(0, "bits"))
    x = torch.complex(*LEVELS[index])
    y = AWGN()(x, AWGN().draw(1, SYMBOLS, rng=stream(0, "channel")), snr_db=snr_db)
    decided = (torch.stack([y.real, y.imag])[..., None] - LEVELS).abs().argmin(-1)
    measured = float((decided != index).any(0).float().mean())
    tail = float(torch.special.ndtr(torch.tensor(-((db_to_linear(snr_db) / 5) ** 0.5))))
    expected = 1 - (1 - 1.5 * tail) ** 2  # Proakis & Salehi, Digital Communications, Sec. 4.3-3
    assert measured == pytest.approx(expected, abs=4 * (expected / SYMBOLS) ** 0.5)
