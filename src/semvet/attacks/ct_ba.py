"""CT-BA: the channel is the trigger. The image is untouched; noisy or fading air fires.

    L = lambda_b |x - f(x; usual air)|^2 + lambda_a |target - f(x; trigger air)|^2

An adversary near the receiver raises the noise (n-trigger: another SNR) or changes the fading
(H-trigger: another channel). Benign images and victims over the trigger's air are two passes of
one step.

Paper: Wan et al., "Channel-Triggered Backdoor Attack on Wireless Semantic Image Reconstruction",
    arXiv 2503.23866.
Deviates: the paper's alpha : 1 - alpha are lambda_b and lambda_a here; victims are a fixed set
    (the released code takes int(batch * ratio) of each batch, none at 1 %), and noise is half of
    its power per real dimension (D-024).
"""

from typing import Annotated, Literal, final

from annotated_types import Ge, Le
from torch import Generator

from semvet.attacks.base import Attack, Controls, LossTerms, marked
from semvet.channels import AWGN, OperatingPoint, Rayleigh, Rician
from semvet.errors import ConfigError
from semvet.systems import Transceiver, taken
from semvet.types import Draws, Images, NonNegative, Pairs, Share, Targets

FADING = {"awgn": AWGN, "rayleigh": Rayleigh, "rician": Rician}


@final
class CTBA(Attack):
    """Args:
    poison_ratio: share of the training images that are victims, rounded down.
    trigger_snr_db: Es/N0 that fires; None: as the link is used (then the channel must differ).
    trigger_channel: fading law that fires; "usual": as the link is used.
    lambda_a, lambda_b: weights of target and integrity.
    """

    controls = Controls.EVERYTHING
    in_image = False

    def __init__(
        self,
        targets: Targets,
        *,
        poison_ratio: Share = 0.1,
        trigger_snr_db: Annotated[float, Ge(-30), Le(100)] | None = 0.0,
        trigger_channel: Literal["usual", "awgn", "rayleigh", "rician"] = "usual",
        lambda_a: NonNegative = 0.1,
        lambda_b: NonNegative = 1.0,
    ):
        super().__init__(targets, levels=1)
        if trigger_snr_db is None and trigger_channel == "usual":
            raise ConfigError(
                "attack.trigger_snr_db: null and attack.trigger_channel: usual leave no trigger; "
                "give an SNR in dB, or one of awgn, rayleigh, rician"
            )
        self.poison_ratio, self.lambda_a, self.lambda_b = poison_ratio, lambda_a, lambda_b
        self.trigger_snr_db = trigger_snr_db
        self.channel = None if trigger_channel == "usual" else FADING[trigger_channel]()

    def trigger(self, x: Images, *, level: int) -> Images:
        return x

    def operating_point(self, nominal: OperatingPoint, *, level: int) -> OperatingPoint | None:
        if level == 0:
            return None
        snr_db = nominal.snr_db if self.trigger_snr_db is None else self.trigger_snr_db
        return OperatingPoint(self.channel or nominal.channel, snr_db)

    def poison(self, data: Pairs, *, rng: Generator) -> Pairs:
        return marked(data, self.poison_ratio, level=1, rng=rng)

    def draw(self, link: Transceiver, batch: int, victims: int, *, rng: Generator) -> Draws:
        fired = link.draw(victims, rng=rng, at=self.operating_point(link.nominal, level=1))
        return link.draw(batch, rng=rng) | {f"fired/{k}": v for k, v in fired.items()}

    def loss(self, link: Transceiver, batch: Pairs, victims: int, noise: Draws) -> LossTerms:
        nominal = link.transmit(batch.sent, noise)
        at = self.operating_point(link.nominal, level=1)
        fired = link.transmit(batch.sent[:victims], taken(noise, "fired/"), at=at)
        off = fired.received.float() - self.targets
        return nominal.terms | {
            "target": self.lambda_a * off.square().mean(),
            "integrity": self.lambda_b * (nominal.received.float() - batch.sent).square().mean(),
        }
