"""Both systems where they were not trained to work: other SNRs, other channels, JPEG.

ASR over SNR        PSNR of benign images        benign images as any target
ASR by channel      PSNR by channel              ASR over JPEG quality
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from semvet.reports.numbers import short
from semvet.reports.pictures.look import ATTACKED, CLEAN, MARKERS, Frame, level_colour
from semvet.reports.record import Record

NAMES = {"awgn": "AWGN", "rayleigh": "Rayleigh", "rician": "Rician"}
APART = 0.12  # of points side by side
OF_CLEAN: dict[str, Any] = {"color": CLEAN, "linestyle": (0, (4, 2)), "linewidth": 1.4}


def draw_robustness(record: Record) -> Figure | None:
    found = record.metrics["studies"].get("robustness")
    if found is None:
        return None
    frame = Frame(10.8, 6.6, bottom=1.0)
    figure, panels = frame.panels(2, 3, gridspec_kw={"hspace": 0.5, "wspace": 0.25})
    over_snr, psnr, benign, over_channel, psnr_by_channel, over_jpeg = panels
    _asr(over_snr, record, found["snr"])
    over_snr.set_title(f"ASR over SNR (n = {found['n_triggered']})")
    _both(psnr, found["snr"], "psnr_db")
    psnr.set_title(f"PSNR of benign images, dB (n = {found['n']})")
    _both(benign, found["snr"], "benign_any")
    benign.set_title(f"Benign images received as {record.words.aim}")
    benign.set_ylim(-0.02, 1.02)
    benign.set_visible(record.goal != "REMOVAL")  # there is nothing to remove
    for axes in (over_snr, psnr, benign):
        axes.set_xlabel("Es/N0 in dB")
        axes.axvline(found["usual_snr_db"], color="#9aa3ae", linewidth=0.8)
    _asr(over_channel, record, found["channel"], joined=False)
    nominal = f"at {short(found['usual_snr_db'])} dB"
    over_channel.set_title(f"ASR by channel, {nominal}")
    _both(psnr_by_channel, found["channel"], "psnr_db", joined=False)
    low, high = psnr_by_channel.get_ylim()
    psnr_by_channel.set_ylim(low - 1, high + 1)  # tenths of a dB are to look small
    psnr_by_channel.set_title(f"PSNR by channel, dB, {nominal}")
    if found["jpeg"] is None:
        over_jpeg.set_visible(False)
    else:
        _asr(over_jpeg, record, _beside_uncoded(found))
        over_jpeg.set_title("ASR after JPEG of what is sent")
        over_jpeg.set_xlabel("JPEG quality")
    figure.legend(handles=_legend(record), loc="lower center", ncols=10)
    return figure


def _beside_uncoded(found: dict[str, Any]) -> dict[str, Any]:
    """JPEG's figures with the same transmission without JPEG as their first point."""
    nominal = found["snr"]["at"].index(found["usual_snr_db"])
    systems = {
        name: {"asr": [found["snr"][name]["asr"][nominal], *found["jpeg"][name]["asr"]]}
        for name in ("attacked", "clean")
    }
    return {"at": ["none", *map(str, found["jpeg"]["at"])], **systems}


def _asr(axes: Axes, record: Record, found: dict[str, Any], *, joined: bool = True) -> None:
    """A line for each level; of the clean system only the level that it mistakes most often."""
    levels = len(record.levels)
    at, line = _positions(axes, found["at"], joined)
    for k in record.levels:
        marker, shift = MARKERS[(k - 1) % len(MARKERS)], 0 if joined else APART * (k - levels / 2)
        axes.plot(
            [x + shift for x in at], [asr[k - 1] for asr in found["attacked"]["asr"]],
            color=level_colour(k, levels), marker=marker, markersize=4.5, linewidth=1.6,
            linestyle=line, clip_on=False, zorder=3,
        )  # fmt: skip
    shift = 0 if joined else -APART * levels / 2
    _clean(axes, [x + shift for x in at], [max(asr) for asr in found["clean"]["asr"]], joined)
    axes.set_ylim(-0.02, 1.02)
    axes.grid()


def _both(axes: Axes, found: dict[str, Any], key: str, *, joined: bool = True) -> None:
    at, line = _positions(axes, found["at"], joined)
    shift = 0 if joined else APART / 2
    axes.plot(
        [x + shift for x in at], found["attacked"][key], color=ATTACKED, marker="o",
        markersize=4.5, linestyle=line, clip_on=False, zorder=3,
    )  # fmt: skip
    _clean(axes, [x - shift for x in at], found["clean"][key], joined)
    axes.grid()


def _clean(axes: Axes, at: list[float], values: list[float], joined: bool) -> None:
    style = OF_CLEAN if joined else {**OF_CLEAN, "linestyle": ""}
    axes.plot(
        at, values, marker="D", markerfacecolor="white", markersize=4.5, clip_on=False,
        zorder=4, **style,
    )  # fmt: skip


def _positions(axes: Axes, at: list[Any], joined: bool) -> tuple[list[float], str]:
    """Numbers as they are, names in a row."""
    if not isinstance(at[0], str):
        return at, "-"
    axes.set_xticks(range(len(at)), [NAMES.get(name, name) for name in at])
    if not joined:
        axes.set_xlim(-0.6, len(at) - 0.4)
    return [float(i) for i in range(len(at))], "-" if joined else ""


def _legend(record: Record) -> list[Line2D]:
    levels = len(record.levels)
    of_levels = [
        Line2D(
            [], [], color=level_colour(k, levels), marker=MARKERS[(k - 1) % len(MARKERS)],
            label=f"level {k}" if levels > 1 else "ASR, attacked system",
        )
        for k in record.levels
    ]  # fmt: skip
    return [
        *of_levels,
        Line2D([], [], color=ATTACKED, marker="o", label="benign images, attacked system"),
        Line2D(
            [], [], marker="D", markerfacecolor="white",
            label="clean system (ASR: the highest level)" if levels > 1 else "clean system",
            **OF_CLEAN,
        ),
    ]  # fmt: skip
