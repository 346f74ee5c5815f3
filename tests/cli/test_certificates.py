"""What `semvet certify` prints of a made-up record."""

from pathlib import Path

import pytest
from made_certificates import made_certificates, made_system

from semvet.cli.certificates import print_certificates
from semvet.cli.output import console


@pytest.fixture
def printed(capsys, monkeypatch):
    def show(systems, **options):
        monkeypatch.setenv("COLUMNS", "120")
        print_certificates(console(), made_certificates(systems, **options), Path("a/c-0.json"))
        return capsys.readouterr().out

    return show


def test_certificates_stand_beside_the_best_attack(printed):
    out = printed({"attacked": made_system(), "clean": made_system()}, l2=[(0.1, 0.2, 0.3)])
    for words in (
        "sigma 0.1, n 1,000 after n0 100", "attacked system: certified PSNR(S(x'), S(x))",
        "clean system: certified PSNR(S(x'), x)", "best attack (n = 2)", "certified: at most",
        "share of images with PSNR(S(x'), x) >= 20 dB by median: 0.90  0.50  0.10",
        "held against 12 certified values and undercut 0", "median L2 norm 2.00 sigma",
        "record: a/c-0.json", "picture: a/c-0.png",
    ):  # fmt: skip
        assert words in out


def test_without_an_attack_there_are_certificates_only(printed):
    out = printed({"clean": made_system(attacked=False)})
    assert "best attack" not in out
    assert "undercut" not in out
    assert "spectral" in out
