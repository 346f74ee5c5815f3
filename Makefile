# make quickstart: install and run the main job.   make test: install and run every check.

PYTHON ?= python3
BIN := .venv/bin
# glibc gives large blocks back to the system at once by default, which slows training down
export MALLOC_MMAP_THRESHOLD_ := 4294967296
export MALLOC_TRIM_THRESHOLD_ := 4294967296
# full data sets for the tests that want them; skipped where the folder does not exist
export SEMVET_TEST_DATA ?= $(abspath $(wildcard ../shared/data))

.PHONY: quickstart test test-all format lint types layers schema docs bench calibrate steps clean

quickstart: .venv/core
	$(BIN)/semvet run quickstart

test: format-check lint types layers
	$(BIN)/python -m pytest -q

test-all: format-check lint types layers
	$(BIN)/python -m pytest -q -m "slow or not slow"

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

format-check: .venv/dev
	$(BIN)/ruff format --check .

lint: .venv/dev
	$(BIN)/ruff check .

types: .venv/dev
	$(BIN)/mypy

layers: .venv/dev
	$(BIN)/lint-imports

# docs/schema: JSON Schema of every record
schema: .venv/core
	$(BIN)/python -m semvet.records.schema docs/schema

# the tables of docs/plug-ins.md, from the plug-ins themselves, and the picture of the layers
docs: .venv/dev
	$(BIN)/python docs/plug_in_tables.py
	$(BIN)/python docs/draw_layers.py

# how long things take: training, certificates
bench: .venv/dev
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.certificates

# PSNR over SNR of every system; SEMVET_DATA names the folder with cifar10/; without it the packaged digits are used
calibrate: .venv/dev
	$(BIN)/python -m experiments.calibrate
	$(BIN)/python -m experiments.calibration_table

# how long a training step of each system takes
steps: .venv/dev
	$(BIN)/python -m benchmarks.steps

.venv/core: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/core
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

clean:
	rm -rf .venv runs
