"""Rate allotment: images that would come out badly get a longer codeword, k symbols on average.

    k_short = floor((1 - spread) k),   k_long = 2 k - k_short
    q = E(what the encoder sees, C)              predicted PSNR in dB at the short codeword
    long where q < t(SNR)                        t: the median of q over training images
    t(SNR) = a + b u + c u^2                     u = log2(1 + Es/N0) / 5 - 1, Es/N0 the average

    loss of E:  mean over images sent short of ((q - PSNR) / 10 dB)^2
    loss of t:  mean over images of softplus((t - q) / tau) tau - t / 2     smoothed pinball loss

Neither loss has a gradient into the codec. In training each image's length is a fair coin, so that
the decoder learns both lengths and E sees all kinds of images at the short one. t is a parameter
like any other: a step stays a pure function of parameters, images and noise, t settles as the
learning rate falls, and evaluation leaves it alone, so no length depends on batch mates. It
follows the average SNR, so that one network spends k symbols at every SNR that it was trained for;
within one SNR, images in a fade are predicted to be poor and get more.

Paper: Zhang et al. 2024 (SemBugger's "SCAN"), of which only the abstract was available to us: an
    evaluator predicts each image's quality at the transmitter, images predicted to be poor get a
    longer codeword, the figure of merit is the distortion-outage probability (`metrics.outage`).
Deviates: the length is that of the image's codeword, not of the channel feedback; there are two;
    the evaluator is trained beside the codec, not distilled from it (D-017).
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from semvet.metrics.psnr import psnr_db
from semvet.systems.layers.attention import SCALE
from semvet.systems.layers.convolution import PReLU
from semvet.types import Flags, Images, PerImage, Scalar
from semvet.units import Decibels, db_to_linear

WIDTH = 16  # filters of the evaluator
MIDDLE_DB, UNIT_DB = 20.0, 10.0  # a network output of 0 means 20 dB, one of 1 means 30 dB
BEST_DB = 60.0  # better counts as this: a perfect image has no finite PSNR
THRESHOLD_UNIT_DB = 30.0  # so large that Adam's small steps cover the range of q in time
MIDDLE_BITS = 5.0  # capacity where u = 0, at 15 dB
TAU_DB = 0.3  # width over which the median is smoothed
FAINTEST = 1e-4  # mean square of a feature map, for the logarithm
WEIGHT = 1e-3  # of both losses: they must not use up the step's clipped gradient norm


def codeword_lengths(symbols: int, spread: float) -> tuple[int, int]:
    """(k_short, k_long), their mean being `symbols`; k_short is at least 1."""
    short = max(1, int((1 - spread) * symbols + 1e-9))
    return short, 2 * symbols - short


@final
class QualityEvaluator(nn.Module):
    """E: (batch, inputs, h, w) and capacity to the predicted PSNR in dB at the short codeword.

    Args:
        inputs: maps that the encoder sees.
    """

    def __init__(self, inputs: int):
        super().__init__()
        self.look = nn.Sequential(nn.Conv2d(inputs, WIDTH, 3, padding=1), PReLU())
        self.judge = nn.Sequential(nn.Linear(2 * WIDTH + 1, WIDTH), PReLU(), nn.Linear(WIDTH, 1))

    def forward(self, seen: Tensor, capacity: PerImage) -> PerImage:
        maps = self.look(seen.detach()).float()
        # PSNR is a logarithm of energies
        energies = (maps.square().mean(dim=(2, 3)) + FAINTEST).log()
        known = torch.cat([maps.mean(dim=(2, 3)), energies, SCALE * capacity[:, None]], dim=1)
        return MIDDLE_DB + UNIT_DB * self.judge(known)[:, 0].float()


@final
class RateAllotment(nn.Module):
    """Evaluator and threshold.

    Args:
        inputs: maps that the encoder sees.
    """

    def __init__(self, inputs: int):
        super().__init__()
        self.evaluator = QualityEvaluator(inputs)
        self.threshold = nn.Parameter(torch.tensor([MIDDLE_DB / THRESHOLD_UNIT_DB, 0.0, 0.0]))

    def threshold_db(self, snr_db: Decibels) -> Scalar:
        """t, for the channel's average SNR."""
        snr = torch.ones((), device=self.threshold.device) * db_to_linear(snr_db)
        u = torch.log2(1 + snr) / MIDDLE_BITS - 1
        a, b, c = self.threshold
        return THRESHOLD_UNIT_DB * (a + b * u + c * u * u)

    def forward(self, seen: Tensor, capacity: PerImage) -> PerImage:
        """q, in dB."""
        return self.evaluator(seen, capacity)

    def choose(self, quality_db: PerImage, *, snr_db: Decibels) -> Flags:
        """Which images get the long codeword."""
        return quality_db < self.threshold_db(snr_db)

    def terms(
        self,
        quality_db: PerImage,
        received: Images,
        sent: Images,
        long: Flags,
        *,
        snr_db: Decibels,
    ) -> dict[str, Scalar]:
        """The weighted losses of E and t, given what became of the images."""
        truth = psnr_db(received.detach().float(), sent.detach()).clamp(max=BEST_DB)
        error = ((quality_db - truth) / UNIT_DB).square()
        short = (~long).float()
        above = (self.threshold_db(snr_db) - quality_db.detach()) / TAU_DB
        pinball = TAU_DB * (softplus(above) - above / 2) / THRESHOLD_UNIT_DB
        return {
            "quality": WEIGHT * (error * short).sum() / short.sum().clamp(min=1),
            "threshold": WEIGHT * pinball.mean(),
        }
