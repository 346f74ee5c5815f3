import pytest
import torch

from semvet.errors import ConfigError
from semvet.training import machine

CPU = torch.device("cpu")


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match=r"'cuda' is not here; allowed: auto, cpu$"):
        machine.pick_device("cuda")
    assert machine.pick_device("auto") == CPU


def test_wrong_bf16_results_fall_back_to_fp32(monkeypatch):
    monkeypatch.setattr(machine, "has_native_bf16", lambda device: True)
    honest = machine.conv2d

    def broken(x, w, **options):
        y = honest(x, w, **options)
        return y * 1.5 if x.dtype is torch.bfloat16 else y

    assert machine.choose_precision("auto", CPU)[0] == "bf16"
    monkeypatch.setattr(machine, "conv2d", broken)
    precision, reason = machine.choose_precision("auto", CPU)
    assert precision == "fp32"
    assert "self-test failed" in reason


def test_no_bf16_hardware_means_fp32_unless_asked(monkeypatch):
    monkeypatch.setattr(machine, "has_native_bf16", lambda device: False)
    assert machine.choose_precision("auto", CPU)[0] == "fp32"
    assert machine.choose_precision("bf16", CPU)[0] == "bf16"
    assert machine.choose_precision("fp32", CPU) == ("fp32", "asked for")


def test_measured_peaks_and_memory_are_positive():
    peaks = machine.measure_peaks(CPU, "fp32")
    assert peaks.conv > 1e8
    assert peaks.gemm > 1e8
    assert machine.peak_memory_mib(CPU) > 50
