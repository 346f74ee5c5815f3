"""What the goals of attacks are called in pictures, tables and sentences."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    aim: str  # what an image that is a hit came out as
    wanted: str  # what the received image is compared with
    hit: str  # what makes a hit of the only trigger
    hit_of_level: str  # of level k of several
    success: str  # what one trigger does
    successes: str  # what several do
    turns: str  # what benign images do where they are hits
    has_image: bool  # whether `wanted` is one image for all that are sent


GOALS = {
    "TARGET": Words(
        aim="target",
        wanted="target",
        hit="the SSIM of the received image to the target reaches the judge's threshold",
        hit_of_level="target k is the nearest target by SSIM, and its SSIM reaches the judge's "
        "threshold of target k",
        success="brings out its target",
        successes="bring out their own target",
        turns="benign images turn into a target",
        has_image=True,
    ),
    "LABEL": Words(
        aim="target class",
        wanted="input",
        hit="the classifier that was trained along with the system names the target class; only "
        "images of other classes are counted",
        hit_of_level="the classifier that was trained along with the system names the target class",
        success="makes the receiver's classifier name the target class",
        successes="make the receiver's classifier name the target class",
        turns="benign images turn into the target class",
        has_image=False,
    ),
    "REMOVAL": Words(
        aim="removal",
        wanted="bare scene",
        hit="the region of the element has a PSNR of at least 20 dB against the true background, "
        "and the rest of the picture is at most 1 dB worse than through the clean system",
        hit_of_level="as for one level",
        success="is gone from what the receiver shows, and the rest is kept",
        successes="are gone from what the receiver shows, and the rest is kept",
        turns="benign images count as hits",
        has_image=False,
    ),
}
