# Cloud Discovery: `make nightly` runs the job, `make test` proves it. Both set themselves up; a second call is quick.
#
#   make PYTHON=/path/to/python3.11 …   another Python 3.11 or later
#   make SYSTEM_PACKAGES=skip …         leave Debian packages alone (they are there, or an administrator installs them)

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
COVERED_PCT := 85

# What WeasyPrint needs; and the real programs that the tests drive: a browser, a database, a PDF reader, and readers of block lists.
# Two of those would start a server when they are installed; they are only unpacked.
PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core
TEST_PACKAGES := chromium postgresql poppler-utils bind9-utils dnsmasq-base nodejs
UNPACKED_PACKAGES := squid unbound

.DEFAULT_GOAL := help
export PYTHON

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

# --- set-up: a stamp in the virtual environment for each step that is done -------------------------------------------

$(VENV)/.python:
	@sh scripts/setup.sh venv $(VENV)
	@touch $@

$(VENV)/.packages: $(VENV)/.python Makefile
	@[ "$(SYSTEM_PACKAGES)" = skip ] || sh scripts/setup.sh packages $(PACKAGES)
	@touch $@

$(VENV)/.test-packages: $(VENV)/.packages
	@[ "$(SYSTEM_PACKAGES)" = skip ] || sh scripts/setup.sh packages $(TEST_PACKAGES)
	@[ "$(SYSTEM_PACKAGES)" = skip ] || sh scripts/setup.sh unpack $(VENV)/programs $(UNPACKED_PACKAGES)
	@touch $@

$(VENV)/.requirements: $(VENV)/.python requirements.txt pyproject.toml
	@sh scripts/setup.sh requirements $(VENV) requirements.txt
	@touch $@

$(VENV)/.compiled: $(VENV)/.requirements $(wildcard etl/intake/places/*.py)
	@$(BIN)/python -m etl.intake.places
	@touch $@

$(VENV)/.test-requirements: $(VENV)/.requirements requirements-dev.txt
	@sh scripts/setup.sh requirements $(VENV) requirements-dev.txt
	@touch $@

.PHONY: setup setup-tests
setup: $(VENV)/.packages $(VENV)/.requirements $(VENV)/.compiled ## virtual environment, pinned requirements, system libraries
setup-tests: setup $(VENV)/.test-packages $(VENV)/.test-requirements ## the same for the tests and checks

# --- the job --------------------------------------------------------------------------------------------------------

.PHONY: nightly airflow
nightly: setup ## take in drops/, build, check, publish, report (an empty installation gets demo drops)
	@$(BIN)/python -m scripts.nightly

airflow: setup ## Airflow with its web pages on http://127.0.0.1:8080, until Ctrl-C
	@exec $(BIN)/python -m scripts.airflow_standalone

# --- tests and checks -----------------------------------------------------------------------------------------------

.PHONY: test test-slow test-all lint format
test: setup-tests ## the tests (minutes)
	@TZ=Asia/Kathmandu $(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

test-slow: setup-tests ## the tests that start servers, kill runs or read millions of lines
	@TZ=Asia/Kathmandu $(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint: setup-tests ## ruff, mypy, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test-all: setup-tests ## everything: tests, slow tests, coverage, lint
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test PYTEST_ARGS="--cov --cov-report= $(PYTEST_ARGS)"
	@$(MAKE) --no-print-directory test-slow PYTEST_ARGS="--cov --cov-append --cov-fail-under=$(COVERED_PCT) $(PYTEST_ARGS)"

format: setup-tests ## let ruff format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# --- chores ---------------------------------------------------------------------------------------------------------

.PHONY: requirements clean
requirements: $(VENV)/.test-requirements ## pin requirements*.in anew into requirements*.txt
	@for name in requirements requirements-dev; do \
		$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
			$$name.in -o $$name.txt || exit 1; \
	done

clean: ## remove the virtual environment and caches; never data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
