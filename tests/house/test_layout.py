"""Tests lie where what they test does.

tests/a/test_b.py     src/semvet/a/b.py, or the package src/semvet/a/b
tests/a/b/test_*.py   a module src/semvet/a/b.py that needs several
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEMVET = ROOT / "src" / "semvet"
TESTS = sorted(
    path.relative_to(ROOT / "tests")
    for path in (ROOT / "tests").rglob("test_*.py")
    if "package" not in path.parts  # a stranger's
)
WHOLE = {  # folders that test no single module
    "boundary": "what comes from outside, on its way through several rooms",
    "claims": "what papers and pages say",
    "conformance": "everything in the tables",
    "experiments": "experiments/, which is no part of semvet",
    "house": "the code as a text",
    "strangers": "a package of somebody else",
}
TOGETHER = {  # what only makes sense side by side
    "attacks/test_adaptive.py": ("attacks/aware.py", "attacks/defense_activated.py"),
    "channels/test_sionna.py": ("channels/awgn.py", "channels/rayleigh.py", "channels/mimo.py"),
    "classifiers/test_classifiers.py": ("classifiers/small.py", "classifiers/regnet.py"),
    "defenses/test_detectors.py": (
        "defenses/self_loop.py", "defenses/strip.py", "defenses/snr_consistency.py",
        "defenses/output_covariance.py",
    ),
    "defenses/test_latent_audits.py": (
        "defenses/spectral_signatures.py", "defenses/activation_clustering.py",
    ),
    "defenses/test_repairs.py": (
        "defenses/fine_tuning.py", "defenses/fine_pruning.py", "defenses/anp.py",
    ),
    "records/test_fits.py": ("records/run.py", "records/exhibits.py"),
    "systems/test_reference_lines.py": ("systems/identity.py", "systems/separate.py"),
}  # fmt: skip
FUZZERS = "test_fuzz_"  # of a whole room
LONGEST = 330  # lines: about 300


def places(test: Path) -> list[Path]:
    """Where the code may be that this file tests."""
    folder, name = SEMVET / test.parent, test.stem.removeprefix("test_")
    return [folder / f"{name}.py", folder / name / "__init__.py", folder.with_suffix(".py")]


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_test_lies_where_its_module_does(test):
    if test.parts[0] in WHOLE or str(test) in TOGETHER:
        return
    if test.name.startswith(FUZZERS):
        assert (SEMVET / test.parent).is_dir()
        return
    assert any(place.is_file() for place in places(test)), (
        f"tests/{test} tests no module of its name; move it, or say in {Path(__file__).name} "
        "which modules it tests together"
    )


@pytest.mark.parametrize("test", TOGETHER)
def test_an_exception_is_still_one(test):
    assert (ROOT / "tests" / test).is_file()
    assert all((SEMVET / module).is_file() for module in TOGETHER[test])
    assert len(TOGETHER[test]) > 1


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_a_test_file_fits_in_one_sitting(test):
    assert len((ROOT / "tests" / test).read_text().splitlines()) <= LONGEST
