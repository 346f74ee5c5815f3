"""Results and data sets as tables for a terminal."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from semvet.cli.summary import span, summary
from semvet.config import make_run
from semvet.store import RunFolder

if TYPE_CHECKING:
    from semvet.data import Fetched


def print_result(console: Console, folder: RunFolder) -> None:
    metrics = folder.metrics
    console.print(folder.path.name, style="bold", soft_wrap=True)
    console.print(f"data: {metrics['provenance']['data']}", soft_wrap=True)
    make = (_systems, _levels, _judgements, _defenses, _findings)
    for table in (one(metrics) for one in make):
        if table.row_count:
            console.print(table)
    for line in summary(metrics):
        console.print(line, soft_wrap=True)
    speed = metrics["speed"]
    console.print(
        f"training {speed['images_per_s']:,.0f} images/s in {speed['precision']}, "
        f"{speed['flop_utilization']:.0%} of the measured convolution peak, "
        f"{speed['gemm_utilization']:.0%} of the GEMM peak; run {speed['total_seconds']:.0f} s, "
        f"{speed['peak_memory_mib']:,.0f} MiB",
        soft_wrap=True,
    )
    console.print(f"report: {folder.report}", soft_wrap=True)


def _systems(metrics: dict[str, Any]) -> Table:
    attacked = metrics["attacked_system"]
    table = make_table("", "PSNR dB", "of mean MSE", "ASR mean", "benign, any target")
    for name, system in (("clean system", metrics["clean_system"]), ("attacked system", attacked)):
        table.add_row(
            name, f"{system['psnr_db']:.2f}", f"{system['psnr_of_mean_mse_db']:.2f}",
            f"{system['asr_mean']:.3f}", f"{system['benign_any']:.3f}",
        )  # fmt: skip
    table.caption = f"delta PSNR {attacked['delta_psnr_db']:.2f} dB, n = {attacked['n']}"
    return table


def _levels(metrics: dict[str, Any]) -> Table:
    attacked, clean, trigger = (metrics[k] for k in ("attacked_system", "clean_system", "trigger"))
    table = make_table(
        "level", "trigger SSIM", "L2", "ASR [95 %]", "clean system", "benign", "PSNR to target",
        whole=["ASR [95 %]"],
    )  # fmt: skip
    for k, rate in enumerate(attacked["asr"]):
        low, high = attacked["asr_interval"][k]
        table.add_row(
            str(k + 1), f"{trigger['ssim'][k]:.3f}", f"{trigger['l2'][k]:.2f}",
            f"{rate:.3f} [{low:.3f}, {high:.3f}]", f"{clean['asr'][k]:.3f}",
            f"{attacked['benign_false_positive'][k]:.3f}",
            f"{attacked['psnr_to_target_db'][k]:.1f}",
        )  # fmt: skip
    return table


def _judgements(metrics: dict[str, Any]) -> Table:
    """How much each rule would call a success, lowest and highest over the levels."""
    table = make_table("rule", "ASR", "benign", "ASR, clean system", "benign, clean system")
    for one in metrics.get("judgements", []):
        found = [one[system][key] for system in ("attacked", "clean") for key in ("asr", "benign")]
        table.add_row(one["rule"], *map(span, found))
    return table


def _defenses(metrics: dict[str, Any]) -> Table:
    table = make_table(
        "defense", "ASR by level", "benign -> target", "PSNR dB", "clean system", "recovered dB",
        "uses",
    )  # fmt: skip
    for one in metrics["defenses"]:
        table.add_row(
            _named(one),
            " ".join(f"{rate:.2f}" for rate in one["after"]["asr"]),
            f"{one['benign_hit_rate']:.3f}",
            f"{one['before']['psnr_db']:.1f} -> {one['after']['psnr_db']:.1f}",
            f"{one['clean_system_psnr_before_db']:.1f} -> {one['clean_system_psnr_db']:.1f}",
            " ".join(f"{value:.1f}" for value in one["recovered_psnr_db"]),
            f"x{one['channel_uses_factor']:g}",
        )
    return table


def _findings(metrics: dict[str, Any]) -> Table:
    """What detectors and audits see, on the attacked and on the clean system, and certificates."""
    from semvet.reports.pictures.frontier import points

    table = make_table(
        "defense", "AUROC", "clean system", "recall at 1 % FP", "ASR of what passes",
        "median certified radius",
    )  # fmt: skip
    for one, point in zip(metrics["defenses"], points(metrics["defenses"]), strict=True):
        figures = (point.auroc, point.clean_auroc, point.recall)
        left = max(one["detection"]["asr_left"]) if one["detection"] else None
        cells = [
            "" if value is None else f"{value:.3f}" for value in (*figures, left, point.radius)
        ]
        if any(cells):
            table.add_row(_named(one), *cells)
    return table


def _named(one: dict[str, Any]) -> str:
    return "\n".join([one["name"], *_arguments(one["args"])])


def _arguments(args: dict[str, Any]) -> list[str]:
    """One line each; of a combination, one line for each part."""
    parts = [f"+ {part['name']}" for part in args.get("parts", [])]
    return parts or [f"{key}={value}" for key, value in args.items()]


def print_data(console: Console) -> None:
    from semvet.catalog.schema import TABLES, arguments, make_source, resolve
    from semvet.errors import DataError

    table = make_table("name", "now", "size", "arguments", words=["now", "arguments"])
    for name, source in TABLES["data"].items():
        fields = arguments(source).model_fields
        needed = [key for key, field in fields.items() if field.is_required()]
        where = f"give data.{', data.'.join(needed)}"
        if not needed:
            try:
                where = make_source(resolve(make_run({"data": name})).data).now()
            except DataError as error:
                where = str(error)
        size = "x".join(map(str, getattr(source, "shape", None) or ()))
        table.add_row(name, where, size, " ".join(fields))
    console.print(table)
    console.print(
        "data=owner/name takes any image data set of the Hugging Face hub", soft_wrap=True
    )


def print_fetched(console: Console, name: str, fetched: "Fetched") -> None:
    if fetched.data is None:
        said = f"{name}: there already, {fetched.folder}"
        checked = f"   fingerprint {fetched.fingerprint}" if fetched.fingerprint else ""
        console.print(f"{said}{checked}   (`semvet data check` decodes it)", soft_wrap=True)
        return
    train, test = len(fetched.data.train), len(fetched.data.test)
    shape = "x".join(map(str, fetched.data.shape))
    console.print(
        f"{name}: {train:,} + {test:,} images of {shape}, every one decoded   "
        f"fingerprint {fetched.fingerprint}\n{fetched.folder}",
        soft_wrap=True,
    )


def print_data_check(console: Console, document: dict[str, Any]) -> None:
    from semvet.catalog.schema import make_source, resolve

    loaded = make_source(resolve(make_run(document)).data).load()
    console.print(f"{loaded.source}   fingerprint {loaded.fingerprint}", soft_wrap=True)
    table = make_table(
        "split", "images", "shape", "mean pixel", "images per class", words=["images per class"]
    )
    for name, part in (("train", loaded.train), ("test", loaded.test)):
        classes = part.label[part.label >= 0].bincount().tolist()
        table.add_row(
            name, f"{len(part):,}", "x".join(map(str, loaded.shape)),
            f"{part.pixels.float().mean() / 255:.4f}",
            " ".join(map(str, classes)) if classes else "unlabelled",
        )  # fmt: skip
    console.print(table)


def make_table(*columns: str, words: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """The first column and `words` are text, the others figures; it and `whole` never wrap.

    Nothing is cut off in a narrow terminal: `sigma=0.0` would be another defense.
    """
    table = Table(box=SIMPLE_HEAD, header_style="bold", caption_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        left = i == 0 or column in words
        table.add_column(
            column, justify="left" if left else "right", overflow="fold",
            no_wrap=i == 0 or column in whole,
        )  # fmt: skip
    return table
