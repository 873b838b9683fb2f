# `make tune` and `make test` do all the set-up on a machine with any Python 3: .ready has what running needs, .ready-dev
# what tests need as well. PIP_ARGS=-v shows what pip does.
STUDY ?= reach
TRIALS ?= 20
PIP_ARGS ?=
PYTEST_ARGS ?=
JOBS ?= logical
MINUTES ?= 10
ENGINE ?= processes
export PIP_DISABLE_PIP_VERSION_CHECK = 1
VENV := .venv
BIN := $(VENV)/bin
UV := .uv
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
SUITES := .venv-suites
READY_SUITES := $(SUITES)/.ready
SUITE ?=

.PHONY: help tune test coverage faults chaos suites docs check format lint types layers wheel clean

help:
	@echo "make tune   tune on this machine          STUDY=$(STUDY) TRIALS=$(TRIALS) PIP_ARGS='...'"
	@echo "make test   run the tests                JOBS=$(JOBS) PYTEST_ARGS='...'"
	@echo "make coverage  the same, measured: at least 90 % of lines and branches"
	@echo "make faults everything that can be killed, filled or blocked, the slow ones too"
	@echo "make chaos  random fault injection for a while, then the audit MINUTES=$(MINUTES) ENGINE=$(ENGINE)"
	@echo "make suites environments of other packages, from PyPI into $(SUITES) SUITE='...'"
	@echo "make docs   the documentation site, into build/site"
	@echo "make check  format, lint, types, layers, the site and the tests"
	@echo "make wheel  build the wheel into dist/"

tune: $(READY)
	$(BIN)/tuner run $(STUDY) --trials $(TRIALS)
	@echo "(To type these commands: source $(VENV)/bin/activate)"

test: $(READY_DEV)
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(PYTEST_ARGS)

coverage: $(READY_DEV)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses $(JOBS) --dist worksteal $(PYTEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

faults: $(READY_DEV)
	$(BIN)/python -m pytest --numprocesses $(JOBS) -m "long or not long" tests/faults

chaos: $(READY_DEV)
	$(BIN)/python tests/faults/chaos.py --minutes $(MINUTES) --engine $(ENGINE)

suites: $(READY_SUITES)
	$(SUITES)/bin/python tests/suites/run_suites.py $(SUITE)

docs: $(READY_DEV)
	$(BIN)/python -m sphinx --builder html --fresh-env --write-all --fail-on-warning --keep-going --quiet docs build/site

check: $(READY_DEV)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target format lint types layers docs
	@$(MAKE) --no-print-directory test

format: $(READY_DEV)
	$(BIN)/ruff format --check .

lint: $(READY_DEV)
	$(BIN)/ruff check .

types: $(READY_DEV)
	$(BIN)/mypy

layers: $(READY_DEV)
	$(BIN)/lint-imports

wheel: $(READY_DEV)
	$(BIN)/python -m build --wheel --no-isolation

$(READY): requirements.lock pyproject.toml
	@tools/make_venv.sh $(VENV) $(UV)
	@$(BIN)/python tools/install_locked.py requirements.lock $(PIP_ARGS)
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): $(READY) requirements-dev.lock
	@$(BIN)/python tools/install_locked.py requirements-dev.lock $(PIP_ARGS)
	@touch $@

$(READY_SUITES): requirements.lock requirements-dev.lock pyproject.toml $(wildcard tests/suites/requirements*.txt)
	@tools/make_venv.sh $(SUITES) $(UV)
	@$(SUITES)/bin/python tools/install_locked.py requirements.lock $(PIP_ARGS)
	@$(SUITES)/bin/python tools/install_locked.py requirements-dev.lock $(PIP_ARGS)
	@$(SUITES)/bin/python tools/install_locked.py tests/suites/requirements.txt $(PIP_ARGS)
	@$(SUITES)/bin/python tools/install_locked.py tests/suites/requirements-no-deps.txt --no-deps $(PIP_ARGS)
	@$(SUITES)/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

clean:
	rm -rf $(VENV) $(SUITES) $(UV) dist build .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
