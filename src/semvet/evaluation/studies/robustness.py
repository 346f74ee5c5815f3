"""Robustness: both systems where they were not trained to work, and triggers that were compressed.

snr        the nominal channel at -10 .. 30 dB, and at the nominal SNR
channel    other fading laws at the nominal SNR
jpeg       the image with its trigger is stored as JPEG before it is sent, at the nominal point

Paper: SemBugger Sec. V-B varies SNR and channel; JPEG is the cheapest thing a platform does to
    an uploaded image. Points and qualities are ours (D-027).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from semvet.both import Both
from semvet.channels import AWGN, OperatingPoint, Rayleigh, Rician
from semvet.defenses.jpeg import in_file
from semvet.evaluation.figures import rate, success
from semvet.evaluation.measured import MeasuredSystem, Trial
from semvet.evaluation.sending import transmit
from semvet.evaluation.studies.base import Study, level_names
from semvet.metrics.psnr import IDENTICAL_DB, psnr_db
from semvet.metrics.statistics import mean
from semvet.records import Column, Curves, Figure, Line, Mark, Rate, StudyRecord, Table
from semvet.types import Images

SNRS_DB = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0)
CHANNELS = {"AWGN": AWGN, "Rayleigh": Rayleigh, "Rician": Rician}
QUALITIES = (95, 90, 75, 50, 25)
SPOKEN = (0.0, 5.0)  # SNRs in the headline
SPOKEN_QUALITY = 75
Points = tuple[float, ...] | tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """Of one system, point by point."""

    asr: list[tuple[Rate, ...]]  # by level
    psnr_db: list[float]
    benign_any: list[float]


@final
class Robustness(Study):
    name = "robustness"

    def means_something(self, trial: Trial) -> bool:
        """Unless what lies between both ends is the trigger."""
        nominal = trial.both.attacked.link.nominal
        levels = range(1, trial.attack.levels + 1)
        return not any(trial.attack.operating_point(nominal, level=k) for k in levels)

    def run(self, trial: Trial, *, images: int) -> StudyRecord:
        measured, nominal = trial.both.attacked.measured, trial.both.attacked.link.nominal
        sent = [x_k[:images] for x_k in measured.triggered]
        snrs_db = sorted({*SNRS_DB, float(nominal.snr_db)})
        by_snr = _over(trial, sent, [OperatingPoint(nominal.channel, snr) for snr in snrs_db])
        points = [OperatingPoint(channel(), nominal.snr_db) for channel in CHANNELS.values()]
        by_channel = _over(trial, sent, points)
        panels = [*_over_snr(trial, snrs_db, by_snr, sent), *_by_channel(trial, by_channel)]
        coded = trial.attack.in_image and measured.shows_trigger
        spoken = [
            f"{_span(by_snr.attacked.asr[snrs_db.index(snr)])} at {snr:g} dB"
            for snr in SPOKEN
            if snr in snrs_db
        ]
        spoken.append(f"{_span(by_channel.attacked.asr[list(CHANNELS).index('Rayleigh')])} over "
                      "rayleigh")  # fmt: skip
        if coded:
            uncoded = by_snr.map(lambda one: one.asr[snrs_db.index(nominal.snr_db)])
            files, after = _jpeg(trial, sent, uncoded)
            panels.append(files)
            spoken.append(f"{_span(after)} after JPEG {SPOKEN_QUALITY}")
        jpeg = " JPEG: the image with its trigger is stored as a file before it is sent; none is "
        jpeg += "the same without a file."
        return StudyRecord(
            name=self.name,
            heading="Robustness",
            intro="",
            n=len(sent[0]),
            headline=f"robustness: ASR {', '.join(spoken)}",
            exhibits=(
                Figure(
                    key="robustness",
                    alt="Success rate and PSNR over SNR, channel and JPEG quality",
                    caption="One transmission of each image. The grey upright line is the SNR that "
                    "both systems were trained at. Channels have their default arguments, and the "
                    f"receiver knows the fading.{jpeg if coded else ''}",
                    panels=tuple(panels),
                ),
                _benign_by_channel(trial, by_channel),
            ),
        )


def _over(trial: Trial, sent: list[Images], points: Sequence[OperatingPoint]) -> Both[Found]:
    def found(one: MeasuredSystem) -> Found:
        x, seed = one.measured.sent[: len(sent[0])], trial.seed
        asr = [success(one.link, one.judge, sent, seed=seed, at=at) for at in points]
        benign = [_benign(one, x, seed=seed, at=at) for at in points]
        return Found(asr, [psnr for psnr, _ in benign], [any_hit for _, any_hit in benign])

    return trial.both.map(found)


def _benign(
    one: MeasuredSystem, x: Images, *, seed: int, at: OperatingPoint
) -> tuple[float, float]:
    """PSNR in dB, and the share that is taken for any outcome."""
    received = transmit(one.link, x, seed=seed, purpose="study", at=at)
    reached = one.judge.reached(one.judge.benign_scores(received))
    db = mean(psnr_db(received, x).clamp(max=IDENTICAL_DB))
    return db, rate(reached.any(dim=1))


def _asr_lines(trial: Trial, asr: Both[list[tuple[Rate, ...]]]) -> tuple[Line, ...]:
    """Of the clean system only the level that it mistakes most often is drawn."""
    names = level_names(trial.attack.levels, "ASR, attacked system")
    lines = [
        Line(
            key=f"{name}/{k + 1}", label=label, of=name, level=k + 1,
            drawn=name == "attacked", y=tuple(one[k].value for one in found),
            intervals=tuple(one[k].interval for one in found),
        )
        for name, found in asr.items()
        for k, label in enumerate(names)
    ]  # fmt: skip
    many = " (ASR: the highest level)" if trial.attack.levels > 1 else ""
    highest = tuple(max(rate.value for rate in one) for one in asr.clean)
    lines.append(Line(key="clean", label=f"clean system{many}", of="clean", y=highest))
    return tuple(lines)


def _pair(values: Mapping[str, Sequence[float]]) -> tuple[Line, ...]:
    labels = {"attacked": "benign images, attacked system", "clean": "clean system"}
    return tuple(
        Line(key=name, label=labels[name], of=name, y=tuple(y)) for name, y in values.items()
    )


def _over_snr(
    trial: Trial, snrs_db: list[float], found: Both[Found], sent: list[Images]
) -> list[Curves]:
    nominal, words = float(trial.both.attacked.link.nominal.snr_db), trial.aim.words
    n = len(trial.both.attacked.measured.sent[: len(sent[0])])
    marks, x, label = (Mark(x=nominal),), tuple(snrs_db), "Es/N0 in dB"
    panels = [
        Curves(
            key="snr/asr", title=f"ASR over SNR (n = {len(sent[0])})", x_label=label, x=x,
            lines=_asr_lines(trial, found.map(lambda one: one.asr)), marks=marks,
        ),
        Curves(
            key="snr/psnr_db", title=f"PSNR of benign images, dB (n = {n})", x_label=label, x=x,
            lines=_pair({name: one.psnr_db for name, one in found.items()}), marks=marks,
            share=False,
        ),
    ]  # fmt: skip
    if words.benign_can_hit:
        panels.append(
            Curves(
                key="snr/benign_any", title=f"Benign images received as {words.aim}", x_label=label,
                x=x, lines=_pair({name: one.benign_any for name, one in found.items()}),
                marks=marks,
            )
        )  # fmt: skip
    return panels


def _by_channel(trial: Trial, found: Both[Found]) -> list[Curves]:
    usual, x = f"at {trial.both.attacked.link.nominal.snr_db:g} dB", tuple(CHANNELS)
    return [
        Curves(
            key="channel/asr", title=f"ASR by channel, {usual}", x_label="", x=x, joined=False,
            lines=_asr_lines(trial, found.map(lambda one: one.asr)),
        ),
        Curves(
            key="channel/psnr_db", title=f"PSNR by channel, dB, {usual}", x_label="", x=x,
            lines=_pair({name: one.psnr_db for name, one in found.items()}), joined=False,
            share=False,
        ),
    ]  # fmt: skip


def _jpeg(
    trial: Trial, sent: list[Images], uncoded: Both[tuple[Rate, ...]]
) -> tuple[Curves, tuple[Rate, ...]]:
    """The panel, and the attacked system's ASR at the quality that is spoken of."""
    stored = [[in_file(x_k, quality=quality) for x_k in sent] for quality in QUALITIES]

    def over_qualities(one: MeasuredSystem) -> list[tuple[Rate, ...]]:
        return [success(one.link, one.judge, images, seed=trial.seed) for images in stored]

    found = trial.both.map(over_qualities)
    asr = Both(clean=[uncoded.clean, *found.clean], attacked=[uncoded.attacked, *found.attacked])
    panel = Curves(
        key="jpeg/asr", title="ASR after JPEG of what is sent", x_label="JPEG quality",
        x=("none", *map(str, QUALITIES)), lines=_asr_lines(trial, asr),
    )  # fmt: skip
    return panel, found.attacked[QUALITIES.index(SPOKEN_QUALITY)]


def _benign_by_channel(trial: Trial, found: Both[Found]) -> Table:
    return Table(
        key="benign-by-channel",
        caption=f"Benign images received as {trial.aim.words.aim}, by channel",
        columns=(
            Column(key="channel", title="channel", form="text", values=tuple(CHANNELS)),
            *(
                Column(key=name, title=name, form="rate", values=tuple(one.benign_any))
                for name, one in found.items()
            ),
        ),
    )


def _span(rates: Sequence[Rate]) -> str:
    low, high = (f"{pick(one.value for one in rates):.2f}" for pick in (min, max))
    return low if low == high else f"{low}-{high}"
