"""As the docs say it: one line for each plug-in."""

import pytest
from radio_lab import broken
from radio_lab.blur import Blur
from radio_lab.negative import Negative
from radio_lab.one_layer import OneLayer
from radio_lab.phase_noise import PhaseNoise
from radio_lab.stripes import Stripes

from semvet.testing import (
    check_attack,
    check_channel,
    check_dataset,
    check_defense,
    check_system,
)


def test_negative():
    check_attack(Negative, poison_ratio=0.1)


def test_phase_noise():
    check_channel(PhaseNoise, sigma=0.5)


def test_one_layer():
    check_system(OneLayer)


def test_blur():
    check_defense(Blur, size=5)


def test_stripes():
    check_dataset(Stripes, count=40)


def test_a_broken_attack():
    words = "TooBright: broken promise: triggered images keep .* level 1 ranges from 0 to 1.5"
    with pytest.raises(AssertionError, match=words):
        check_attack(broken.TooBright)


def test_a_broken_channel():
    words = r"Loud: broken promise: the snr is the one .* asked for 10 dB, found (6.9|7.0)\d dB"
    with pytest.raises(AssertionError, match=words):
        check_channel(broken.Loud)


def test_a_broken_system():
    words = "Together: broken promise: features have mean power 1 for each image"
    with pytest.raises(AssertionError, match=words):
        check_system(broken.Together)


def test_a_broken_defense():
    words = "InPlace: broken promise: the deployed system stays .* in place; work on a copy"
    with pytest.raises(AssertionError, match=words):
        check_defense(broken.InPlace)


def test_a_broken_data_set():
    words = "Shuffled: broken promise: it loads the same images every time"
    with pytest.raises(AssertionError, match=words):
        check_dataset(broken.Shuffled)
