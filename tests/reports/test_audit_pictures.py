"""Figures 6, 7 and 9 of BASS, where a run has their findings."""

import numpy as np
import pytest
from made_runs import begun, finished, made_arrays, made_config, made_metrics

from semvet.reports import write_report

RATIOS = [0.0, 0.25, 0.5, 0.75]
PRUNING = {
    "ratio": 0.25, "knee_ratio": 0.25, "images": 2000, "flagged": 97, "least_d_c": 0.15,
    "largest_variance_ratio": 0.5, "ratios": RATIOS, "d_c": [0.0, 0.4, 0.2, 0.0],
    "curve_flagged": [0.0, 0.8, 0.9, 1.0], "curve_others": [0.0, 0.1, 0.2, 0.3],
    "kernels": [8, 8], "pruned": [[1, 2], [3, 4]], "medians": [[1.0] * 8] * 2,
}  # fmt: skip
STUDY = {
    "n": 20, "ratios": RATIOS, "clean_psnr_db": [27.0, 25.25, 21.0, 15.0],
    "target_psnr_db": [35.0, 11.5, 10.0, 10.0], "recovered_psnr_db": [9.0, 24.0, 20.0, 14.0],
    "p2": [18.0, 5.0, 13.0, 25.0], "best_ratio": 0.25,
}  # fmt: skip
INVERSION = {
    "backdoor_found": True, "score": 0.029, "reference_scores": [0.45, 0.5], "lambda": 0.005,
    "score_threshold": 0.1125, "spread": 0.0053, "mean_m": 0.971,
}  # fmt: skip


def audited(root, *, study=STUDY, ratio=0.25, shape=(1, 12, 12)):
    folder = begun(root, made_config("bass", 1, 2))
    metrics = made_metrics("bass", 1, 2, 0.97, "TARGET", "")
    first, second = metrics["defenses"][1:3]
    pruned = {**PRUNING, "ratio": ratio}
    first |= {
        "name": "median-pruning", "findings": pruned, "clean_system_findings": pruned,
        "pruning_study": study, "suspicion": {"n": 2000, "f1": 0.843},
    }  # fmt: skip
    clean = {**INVERSION, "backdoor_found": False, "score": 0.48}
    second |= {
        "name": "trigger-inversion", "findings": INVERSION, "clean_system_findings": clean,
    }  # fmt: skip
    rng = np.random.default_rng(0)
    own = {
        "m": (1, *shape[1:]), "delta": shape, "sent": (8, *shape), "received": (8, *shape),
        "reference_m": (2, 1, *shape[1:]),
    }  # fmt: skip
    arrays = made_arrays(1, 2, shape) | {
        f"defense/2/own/{name}": rng.random(size, dtype=np.float32) for name, size in own.items()
    }
    folder.write_evaluation(arrays)
    folder.write_metrics(metrics)
    return finished(folder)


@pytest.mark.parametrize("shape", [(1, 12, 12), (3, 16, 16)])
def test_both_audits_are_drawn_and_their_numbers_printed(tmp_path, shape):
    folder = audited(tmp_path, shape=shape)
    page = write_report(folder).read_text()
    for name in ("pruning", "inversion"):
        assert (folder.path / "pictures" / f"{name}.png").stat().st_size > 5000
    for number in ("0.029", "0.480", "0.450 to 0.500", "0.843", "25.25", "11.50", "24.00"):
        assert number in page
    assert "nothing found" in page


def test_an_audit_without_a_knee_or_a_study_says_so(tmp_path):
    page = write_report(audited(tmp_path, study=None, ratio=None)).read_text()
    assert "no knee" in page
    assert "25.25" not in page


def test_a_run_without_audits_has_no_such_section(tmp_path):
    folder = begun(tmp_path, made_config("bass", 1, 2))
    folder.write_evaluation(made_arrays(1, 2, (1, 12, 12)))
    folder.write_metrics(made_metrics("bass", 1, 2, 0.97, "TARGET", ""))
    page = write_report(finished(folder)).read_text()
    assert 'id="pruning"' not in page
    assert 'id="inversion"' not in page
