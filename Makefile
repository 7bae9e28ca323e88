# RouterHub: `make run` serves it, `make test` checks it. Both need Python 3.11+ and nothing else.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --require-hashes

.PHONY: help run test faults bench format lock clean

help:            ## say what there is
	@grep -E '^[a-z]+: +.*##|^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run   ## set everything up and serve it (PORT=8000)
	@exec $(BIN)/python -m routerhub.embedded

test: .venv/dev  ## set everything up and run every check
	@$(BIN)/python -m tests.check

faults: .venv/dev ## break everything that can break, one after the other, and check the books each time
	@$(BIN)/python -m pytest -n 0 -m "whole or not whole" tests/faults tests/acceptance/test_circuits.py $(ARGS)

bench: .venv/dev ## measure speed, as ratios within one run (ARGS="gateway --peers none")
	@$(BIN)/python -m tests.bench $(ARGS)

format: .venv/dev ## put the code into its one form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock:            ## pin the requirements again, with hashes and without addresses
	@$(PYTHON) -m venv var/lock && var/lock/bin/pip install --quiet uv
	@for file in requirements requirements-extra requirements-encoder requirements-training requirements-dev; do \
	  var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $$file.in -o $$file.txt; done

clean:           ## remove what was set up; the data in var/ goes too
	rm -rf .venv var

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or later is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Making .venv ..." && $(PYTHON) -m venv .venv && touch $@

.venv/run: .venv/made requirements.txt requirements-encoder.txt
	@echo "Installing requirements ..." && $(PIP) -r requirements.txt -r requirements-encoder.txt && touch $@

.venv/dev: .venv/made requirements-dev.txt
	@echo "Installing requirements for the checks ..." && $(PIP) -r requirements-dev.txt && touch $@ .venv/run
