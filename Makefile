# Two commands: `make run` plans the default county, `make test` checks everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench clean

run: $(VENV)/.run-ready
	$(BIN)/wufei run layers/dalad

test: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

environment.yml: pyproject.toml $(VENV)/.test-ready
	$(BIN)/pyproject2conda yaml -e notebook -e osm --name gis_wufei --python-include "python>=3.11" \
		--pip-dep "-e ." --no-header --overwrite force -o $@

bench: $(VENV)/.run-ready
	$(BIN)/python benchmarks/walk.py
	$(BIN)/python benchmarks/layers.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.test-ready: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.run-ready

clean:
	rm -rf $(VENV) maps/*/
