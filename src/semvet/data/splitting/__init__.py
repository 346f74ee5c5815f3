"""Which images are for training, calibration, targets and tests."""
