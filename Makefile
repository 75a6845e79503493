# Two commands are enough on a machine with Python 3.11 or newer and make (any make since 3.81):
#
#   make run [DIR=/path/to/dicom] [PORT=8080]   install, compile, index DIR and serve it; without DIR pydicom's sample files
#   make test                                   install what is missing, then every check and every test
#
# Also: make install, make lint, make bench, make conformance, make clean.  PYTHON=/path/to/python chooses the interpreter of .venv,
# JOBS=4 the number of test processes, BENCHMARKS=benchmarks/test_encoder.py some of the benchmarks.

# The first interpreter that is new enough.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; break; fi; done)
PORT ?= 8080
JOBS ?= 2
BENCHMARKS ?= benchmarks

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Stamps: what pyproject.toml asks for has been installed; a changed pyproject.toml is installed again.
SERVER := $(VENV)/.installed-server
DEVELOPMENT := $(VENV)/.installed-development

.DELETE_ON_ERROR:
.PHONY: install run lint lint-style lint-types lint-imports test bench conformance clean

install: $(SERVER)

run: $(SERVER)
	@folder="$$DIR"; \
	case "$$folder" in \
		"") folder=`$(BIN)/python -c 'from importlib.util import find_spec; print(find_spec("pydicom").submodule_search_locations[0])'`/data/test_files ;; \
		"~/"*) folder="$$HOME/$${folder#??}" ;; \
	esac; \
	exec $(BIN)/wado serve --port "$(PORT)" -- "$$folder"

lint: lint-style lint-types lint-imports

lint-style: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet . || { echo "not formatted: run '$(BIN)/ruff format .'" >&2; exit 1; }

lint-types: $(DEVELOPMENT)
	$(BIN)/mypy

lint-imports: $(DEVELOPMENT)
	$(BIN)/lint-imports

# The benchmarks run once each, as tests: that they work is checked here, how fast they are by `make bench`.
test: lint
	$(BIN)/python -m pytest -n $(JOBS) --benchmark-disable tests benchmarks conformance

bench: $(DEVELOPMENT)
	$(BIN)/python -m pytest -q --benchmark-only --benchmark-columns=median,iqr,rounds --benchmark-json=benchmark.json $(BENCHMARKS)
	$(BIN)/python -m benchmarks.report benchmark.json

# The report of conformance/jpeg: the criteria of T.83, stream by stream; fails when one is not met.
conformance: $(DEVELOPMENT)
	@$(BIN)/python -m conformance.jpeg

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks

export DIR

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "wado needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(SERVER): pyproject.toml | $(BIN)/python
	@echo "Installing wado and what it needs to serve into $(VENV) (a minute or so, once)"
	@$(PIP) --editable '.[server]'
	@touch $@

$(DEVELOPMENT): pyproject.toml | $(BIN)/python
	@echo "Installing wado and what its tests need into $(VENV) (a minute or two, once)"
	@$(PIP) --editable '.[server,dev]'
	@touch $@ $(SERVER)
