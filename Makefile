# `make tune` and `make test` do all the set-up on a machine that has Python 3.11 and nothing else.
STUDY ?= reach
TRIALS ?= 20
PIP_ARGS ?=
PYTEST_ARGS ?=
JOBS ?= logical
MINUTES ?= 10
ENGINE ?= processes
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help tune test faults chaos check format lint types layers wheel clean

help:
	@echo "make tune   tune on this machine          STUDY=$(STUDY) TRIALS=$(TRIALS) PIP_ARGS='...'"
	@echo "make test   run the tests, with coverage  JOBS=$(JOBS) PYTEST_ARGS='...'"
	@echo "make faults everything that can be killed, filled or blocked, the slow ones too"
	@echo "make chaos  random fault injection for a while, then the audit MINUTES=$(MINUTES) ENGINE=$(ENGINE)"
	@echo "make check  format, lint, types, layers and the tests"
	@echo "make wheel  build the wheel into dist/"

tune: $(READY)
	$(BIN)/tuner run $(STUDY) --trials $(TRIALS)
	@echo "(To type these commands: source $(VENV)/bin/activate)"

test: $(READY)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses $(JOBS) $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

faults: $(READY)
	$(BIN)/python -m pytest --numprocesses $(JOBS) -m "long or not long" tests/faults

chaos: $(READY)
	$(BIN)/python tests/faults/chaos.py --minutes $(MINUTES) --engine $(ENGINE)

check: format lint types layers test

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

wheel: $(READY)
	$(BIN)/python -m build --wheel --no-isolation

$(READY): requirements.lock pyproject.toml
	@python=$$(command -v python3.11 || command -v python3 || true); \
	if ! "$${python:-false}" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	    echo "Python 3.11 is needed and was not found ($$("$${python:-false}" --version 2>/dev/null || echo 'no python3')):" >&2; \
	    echo "PyBullet has wheels for CPython 3.9 to 3.11 only, and today's NumPy and SciPy want 3.11 or newer." >&2; \
	    echo "Install Python 3.11 (with its venv module) beside the one you have; this one will not be touched." >&2; \
	    exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) dist build .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
