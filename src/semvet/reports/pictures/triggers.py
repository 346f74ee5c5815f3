"""What the adversary sends: each trigger level, and what it changes, amplified around mid-grey."""

import numpy as np
from matplotlib.figure import Figure

from semvet.reports.numbers import rate, short, similarity
from semvet.reports.pictures.image_grid import Row, draw_grid
from semvet.reports.reading import Reading

GAINS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def draw_triggers(reading: Reading) -> Figure | None:
    if not reading.shows_trigger:
        return None
    sent, figures = reading.arrays["hosts"], reading.record.attack.triggers
    differences = reading.arrays["triggered"] - sent
    gain = gain_for(differences)
    rows = [Row("without the trigger", "test images", sent)]
    for k, (triggered, difference) in enumerate(
        zip(reading.arrays["triggered"], differences, strict=True), start=1
    ):
        rows += [
            Row(
                reading.trigger_name(k),
                f"SSIM {similarity(figures[k - 1].ssim)}, all pixels",
                triggered,
            ),
            Row(
                f"difference x {short(gain)}",
                f"L2 {rate(figures[k - 1].l2)}, largest {rate(figures[k - 1].linf)}",
                0.5 + gain * difference,
            ),
        ]
    return draw_grid(rows)


def gain_for(differences: np.ndarray) -> float:
    """The largest gain that keeps every difference within mid-grey +- 0.5; one for all levels."""
    largest = float(np.abs(differences).max(initial=0))
    fitting = [gain for gain in GAINS if gain * largest <= 0.5]
    return max(fitting, default=GAINS[0])
